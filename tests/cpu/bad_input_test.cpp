// Every category of bad input gives one typed error that names the argument, leaves y untouched,
// and the next good call works.
#include <gtest/gtest.h>

#include <functional>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "halfbyte/numeric.h"
#include "halfbyte/workspace.h"
#include "tests/support/guarded.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

constexpr std::int64_t m = 3;
constexpr std::int64_t k = 256;
constexpr std::int64_t n = 48;

struct Arguments {
  TensorView x, y;
  PackedWeight w;
  LinearOptions options;
};

class BadInput : public ::testing::Test {
 protected:
  BadInput()
      : w_(pack(test::make_weight({.k = k, .n = n}, 1))),
        x_(m * k * 2),
        y_(m * n * 2),
        scratch_(1 << 20) {}

  Arguments good() {
    return {TensorView::matrix(x_.data(), DType::f16, m, k),
            TensorView::matrix(y_.data(), DType::f16, m, n),
            w_,
            {.workspace = scratch_.data(), .workspace_bytes = scratch_.size()}};
  }

  // Runs a spoiled call.
  void expect(ErrorCode code, std::string_view argument,
              const std::function<void(Arguments&)>& spoil) {
    test::Guarded y(m * n * 2);
    Arguments a = good();
    a.y.data = y.data();
    spoil(a);
    try {
      linear(a.x, a.w, a.y, a.options);
      ADD_FAILURE() << code_name(code) << " " << argument << ": accepted";
    } catch (const Error& error) {
      EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
      EXPECT_EQ(error.detail().function, "linear");
      EXPECT_EQ(error.detail().argument, argument) << error.what();
      EXPECT_FALSE(error.detail().got.empty()) << error.what();
      EXPECT_FALSE(error.detail().wanted.empty()) << error.what();
    }
    EXPECT_TRUE(y.untouched());
    Arguments next = good();
    EXPECT_NO_THROW(linear(next.x, next.w, next.y, next.options));
  }

  PackedWeight w_;
  std::vector<std::byte> x_, y_;
  Workspace scratch_;
};

TEST_F(BadInput, Shapes) {
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[1] = k - 8; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[1] = n + 1; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[0] = m + 1; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.rank = 1; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.rank = 3; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[0] = -1; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[0] = (std::int64_t{1} << 40) + 1; });
  expect(ErrorCode::shape, "bias",
         [&](Arguments& a) { a.options.bias = TensorView::vector(x_.data(), DType::f16, n - 1); });
}

TEST_F(BadInput, Types) {
  expect(ErrorCode::dtype, "x", [](Arguments& a) { a.x.dtype = DType::f64; });
  expect(ErrorCode::dtype, "y", [](Arguments& a) { a.y.dtype = DType::i32; });
  expect(ErrorCode::dtype, "bias",
         [&](Arguments& a) { a.options.bias = TensorView::vector(x_.data(), DType::i8, n); });
}

TEST_F(BadInput, Pointers) {
  expect(ErrorCode::arg, "x", [](Arguments& a) { a.x.data = nullptr; });
  expect(ErrorCode::arg, "y", [](Arguments& a) { a.y.data = nullptr; });
  expect(ErrorCode::align, "x",
         [](Arguments& a) { a.x.data = static_cast<std::byte*>(a.x.data) + 1; });
  expect(ErrorCode::align, "workspace", [](Arguments& a) {
    a.options.workspace = static_cast<std::byte*>(a.options.workspace) + 8;
    a.options.workspace_bytes -= 64;
  });
}

TEST_F(BadInput, Strides) {
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[0] = 0; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[0] = n - 1; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[1] = -1; });
}

TEST_F(BadInput, Aliases) {
  expect(ErrorCode::alias, "y",
         [](Arguments& a) { a.x = TensorView::matrix(a.y.data, DType::f16, m, k, 0); });
  expect(ErrorCode::alias, "y",
         [](Arguments& a) { a.options.bias = TensorView::vector(a.y.data, DType::f16, n); });
  expect(ErrorCode::alias, "workspace", [](Arguments& a) { a.x.data = a.options.workspace; });
}

TEST_F(BadInput, Devices) {
  expect(ErrorCode::device, "x", [](Arguments& a) { a.x.device = {DeviceType::cuda, 0}; });
  expect(ErrorCode::device, "y", [](Arguments& a) { a.y.device = {DeviceType::cuda, 1}; });
}

TEST_F(BadInput, Workspace) {
  const std::size_t needed = linear_workspace_size(good().x, w_, good().y);
  ASSERT_GT(needed, 0U);
  expect(ErrorCode::workspace, "workspace",
         [&](Arguments& a) { a.options.workspace_bytes = needed - 1; });
  expect(ErrorCode::workspace, "workspace", [&](Arguments& a) { a.options.workspace = nullptr; });
  Arguments exact = good();
  exact.options.workspace_bytes = needed;
  EXPECT_NO_THROW(linear(exact.x, exact.w, exact.y, exact.options));
}

TEST_F(BadInput, SchedulesAndSplits) {
  expect(ErrorCode::arg, "split", [](Arguments& a) { a.options.split = 2; });
  expect(ErrorCode::arg, "split", [](Arguments& a) {
    a.options.schedule = Schedule::stream_k;
    a.options.split = 2;
  });
  for (const std::int64_t split : {std::int64_t{-1}, std::int64_t{1} << 31}) {
    expect(ErrorCode::range, "split", [&](Arguments& a) {
      a.options.schedule = Schedule::split_k;
      a.options.split = split;
    });
  }
  expect(ErrorCode::unsupported, "schedule",
         [](Arguments& a) { a.options.schedule = Schedule::split_k_cluster; });
  expect(ErrorCode::arg, "kernel", [](Arguments& a) { a.options.kernel = "cpu/none"; });
  EXPECT_THROW(schedule_from_name("splitk"), Error);
}

TEST_F(BadInput, Weights) {
  expect(ErrorCode::handle, "w", [](Arguments& a) { a.w = PackedWeight{}; });
  EXPECT_THROW(unpack(PackedWeight{}), Error);
  EXPECT_THROW(pack(test::make_weight({.k = 8, .n = 8}, 1), {DeviceType::cuda, 1000000}), Error);
}

}  // namespace
}  // namespace halfbyte
