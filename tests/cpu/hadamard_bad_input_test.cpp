// Every category of bad input to hadamard() gives one typed error that names the argument, leaves y
// untouched, and the next good call works.
#include <gtest/gtest.h>

#include <functional>

#include "halfbyte/error.h"
#include "halfbyte/hadamard.h"
#include "tests/support/guarded.h"

namespace halfbyte {
namespace {

constexpr std::int64_t rows = 3;
constexpr std::int64_t n = 64;

struct Arguments {
  TensorView x, y;
  HadamardOptions options;
};

class HadamardBadInput : public ::testing::Test {
 protected:
  Arguments good() {
    return {TensorView::matrix(x_.data(), DType::f16, rows, n),
            TensorView::matrix(y_.data(), DType::f16, rows, n),
            {}};
  }

  void expect(ErrorCode code, std::string_view argument,
              const std::function<void(Arguments&)>& spoil) {
    test::Guarded y(rows * n * 2);
    Arguments a = good();
    a.y.data = y.data();
    spoil(a);
    try {
      hadamard(a.x, a.y, a.options);
      ADD_FAILURE() << code_name(code) << " " << argument << ": accepted";
    } catch (const Error& error) {
      EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
      EXPECT_EQ(error.detail().function, "hadamard");
      EXPECT_EQ(error.detail().argument, argument) << error.what();
      EXPECT_FALSE(error.detail().got.empty()) << error.what();
      EXPECT_FALSE(error.detail().wanted.empty()) << error.what();
    }
    EXPECT_TRUE(y.untouched());
    const Arguments next = good();
    EXPECT_NO_THROW(hadamard(next.x, next.y, next.options));
  }

  std::vector<std::byte> x_ = std::vector<std::byte>(rows * n * 4);
  std::vector<std::byte> y_ = std::vector<std::byte>(rows * n * 4);
  std::vector<std::int8_t> signs_ = std::vector<std::int8_t>(2 * n);
  std::vector<float> scales_ = std::vector<float>(rows * n);
};

TEST_F(HadamardBadInput, Shapes) {
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[1] = a.y.shape[1] = 63; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[1] = a.y.shape[1] = 131072; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[0] = -1; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.rank = 0; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.rank = a.y.rank = 4; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[0] = rows + 1; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[1] = n / 2; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.rank = 1; });
  expect(ErrorCode::shape, "block", [](Arguments& a) { a.options.block = 48; });
  expect(ErrorCode::shape, "block", [](Arguments& a) { a.options.block = -8; });
  expect(ErrorCode::shape, "block", [](Arguments& a) {
    a.x.shape[1] = a.y.shape[1] = 66;
    a.options.block = 33;
  });
}

TEST_F(HadamardBadInput, Types) {
  expect(ErrorCode::dtype, "x", [](Arguments& a) { a.x.dtype = DType::f64; });
  expect(ErrorCode::dtype, "y", [](Arguments& a) { a.y.dtype = DType::bf16; });
  expect(ErrorCode::dtype, "y", [](Arguments& a) { a.y.dtype = DType::i32; });
  expect(ErrorCode::dtype, "signs_before", [&](Arguments& a) {
    a.options.signs_before = TensorView::vector(signs_.data(), DType::f16, n);
  });
  expect(ErrorCode::dtype, "amax",
         [&](Arguments& a) { a.options.amax = TensorView::vector(scales_.data(), DType::f64, 1); });
}

TEST_F(HadamardBadInput, SignsScalesAndGroups) {
  expect(ErrorCode::shape, "signs_before", [&](Arguments& a) {
    a.options.signs_before = TensorView::vector(signs_.data(), DType::i8, n - 1);
  });
  expect(ErrorCode::stride, "signs_after", [&](Arguments& a) {
    a.options.signs_after = TensorView::vector(signs_.data(), DType::i8, n);
    a.options.signs_after.strides[0] = 2;
  });
  expect(ErrorCode::arg, "scales", [&](Arguments& a) {
    a.options.scales = TensorView::vector(scales_.data(), DType::f32, 1);
  });
  const auto quantised = [&](Arguments& a, HadamardScaling scaling, std::int64_t scales) {
    a.y.dtype = DType::i8;
    a.options.scaling = scaling;
    a.options.scales = TensorView::vector(scales_.data(), DType::f32, scales);
  };
  expect(ErrorCode::dtype, "scales", [&](Arguments& a) {
    quantised(a, HadamardScaling::given, 1);
    a.options.scales.dtype = DType::f16;
  });
  expect(ErrorCode::shape, "scales", [&](Arguments& a) { a.y.dtype = DType::i8; });
  expect(ErrorCode::shape, "scales",
         [&](Arguments& a) { quantised(a, HadamardScaling::per_row, rows + 1); });
  expect(ErrorCode::stride, "scales", [&](Arguments& a) {
    quantised(a, HadamardScaling::per_row, rows);
    a.options.scales.strides[0] = 2;
  });
  expect(ErrorCode::range, "group",
         [&](Arguments& a) { quantised(a, HadamardScaling::per_group, rows); });
  expect(ErrorCode::range, "group", [&](Arguments& a) {
    quantised(a, HadamardScaling::per_group, rows * 2);
    a.options.group = 24;
  });
  expect(ErrorCode::arg, "group", [&](Arguments& a) {
    quantised(a, HadamardScaling::per_row, rows);
    a.options.group = 8;
  });
  expect(ErrorCode::shape, "x", [&](Arguments& a) {
    quantised(a, HadamardScaling::given, 1);
    a.y.dtype = DType::u8;
    a.x.shape[1] = a.y.shape[1] = 1;
  });
}

TEST_F(HadamardBadInput, RangesAndKernels) {
  expect(ErrorCode::range, "axis", [](Arguments& a) { a.options.axis = 2; });
  expect(ErrorCode::range, "axis", [](Arguments& a) { a.options.axis = -3; });
  expect(ErrorCode::range, "scale", [](Arguments& a) { a.options.scale = 1.0F / 0.0F; });
  expect(ErrorCode::arg, "kernel", [](Arguments& a) { a.options.kernel = "cpu/none"; });
  expect(ErrorCode::unsupported, "kernel", [](Arguments& a) {
    a.x.shape[1] = a.y.shape[1] = 12;
    a.options.kernel = "cpu/scalar/hadamard_along_row";
  });
}

TEST_F(HadamardBadInput, MemoryAndSteps) {
  expect(ErrorCode::arg, "x", [](Arguments& a) { a.x.data = nullptr; });
  expect(ErrorCode::arg, "y", [](Arguments& a) { a.y.data = nullptr; });
  expect(ErrorCode::align, "x", [&](Arguments& a) { a.x.data = x_.data() + 1; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[0] = n - 1; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[1] = 0; });
  expect(ErrorCode::device, "y", [](Arguments& a) { a.y.device = {DeviceType::cuda, 0}; });
}

TEST_F(HadamardBadInput, SharedMemory) {
  expect(ErrorCode::alias, "y", [&](Arguments& a) {
    a.y.data = x_.data() + 2;  // shifted by one element: not the same view
  });
  expect(ErrorCode::alias, "y", [&](Arguments& a) {
    a.y.data = x_.data();
    a.y.strides[0] = n + 8;
  });
  expect(ErrorCode::alias, "y", [&](Arguments& a) {  // a quantised y is never the same view
    a.y.data = x_.data();
    a.y.dtype = DType::i8;
    a.options.scales = TensorView::vector(scales_.data(), DType::f32, 1);
  });
  expect(ErrorCode::alias, "scales", [&](Arguments& a) {
    a.y.dtype = DType::i8;
    a.options.scaling = HadamardScaling::per_row;
    a.options.scales = TensorView::vector(x_.data(), DType::f32, rows);
  });
  expect(ErrorCode::alias, "amax",
         [&](Arguments& a) { a.options.amax = TensorView::vector(x_.data(), DType::f32, 1); });
}

TEST_F(HadamardBadInput, AnEntryOfTheMatrix) {
  EXPECT_THROW((void)hadamard_sign(24 * 7, 0, 0), Error);
  EXPECT_THROW((void)hadamard_sign(12, 12, 0), Error);
  EXPECT_THROW((void)hadamard_sign(12, 0, -1), Error);
}

TEST_F(HadamardBadInput, APlanNamesAReasonForEveryOtherKernel) {
  const Arguments a = good();
  const HadamardPlan plan = plan_hadamard(a.x, a.y);
  EXPECT_FALSE(plan.kernel.empty());
  EXPECT_GT(plan.predicted_us, 0);
  for (const Rejection& rejection : plan.rejected) EXPECT_FALSE(rejection.reason.empty());
}

}  // namespace
}  // namespace halfbyte
