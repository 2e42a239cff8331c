// Every category of bad input to rotary_hadamard() that is its own, or that hadamard()'s checks
// must name it for, gives one typed error and leaves y untouched; the next good call works.
#include <gtest/gtest.h>

#include <functional>

#include "halfbyte/error.h"
#include "halfbyte/rotary.h"
#include "tests/support/guarded.h"

namespace halfbyte {
namespace {

constexpr std::int64_t tokens = 3, heads = 2, head_dim = 64, elements = tokens * heads * head_dim;

struct Arguments {
  TensorView x, y;
  Rotary rotary;
  HadamardOptions options;
};

class RotaryBadInput : public ::testing::Test {
 protected:
  static TensorView heads_view(void* data, DType dtype) {
    TensorView v = TensorView::vector(data, dtype, tokens);
    v.rank = 3;
    v.shape = {tokens, heads, head_dim, 0};
    v.strides = {heads * head_dim, head_dim, 1, 0};
    return v;
  }
  Arguments good() {
    const auto table = [](std::vector<float>& t) {
      return TensorView::matrix(t.data(), DType::f32, tokens, head_dim / 2);
    };
    return {heads_view(x_.data(), DType::f16),
            heads_view(y_.data(), DType::f16),
            {table(cos_), table(sin_)},
            {}};
  }

  void expect(ErrorCode code, std::string_view argument,
              const std::function<void(Arguments&)>& spoil) {
    test::Guarded y(elements * 2);
    Arguments a = good();
    a.y.data = y.data();
    spoil(a);
    try {
      rotary_hadamard(a.x, a.rotary, a.y, a.options);
      ADD_FAILURE() << code_name(code) << " " << argument << ": accepted";
    } catch (const Error& error) {
      EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
      EXPECT_EQ(error.detail().function, "rotary_hadamard");
      EXPECT_EQ(error.detail().argument, argument) << error.what();
      EXPECT_FALSE(error.detail().got.empty()) << error.what();
      EXPECT_FALSE(error.detail().wanted.empty()) << error.what();
    }
    EXPECT_TRUE(y.untouched());
    const Arguments next = good();
    EXPECT_NO_THROW(rotary_hadamard(next.x, next.rotary, next.y, next.options));
  }

  std::vector<std::uint16_t> x_ = std::vector<std::uint16_t>(elements);
  std::vector<std::uint16_t> y_ = std::vector<std::uint16_t>(elements);
  std::vector<float> cos_ = std::vector<float>(tokens * head_dim), sin_ = cos_, scales_ = cos_;
  std::vector<std::int32_t> positions_ = std::vector<std::int32_t>(2 * tokens);
};

TEST_F(RotaryBadInput, Shapes) {
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.rank = a.y.rank = 2; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[2] = a.y.shape[2] = 63; });
  expect(ErrorCode::shape, "x", [](Arguments& a) { a.x.shape[2] = a.y.shape[2] = 131072; });
  expect(ErrorCode::shape, "y", [](Arguments& a) { a.y.shape[1] = 1; });
  expect(ErrorCode::shape, "block", [](Arguments& a) { a.options.block = 48; });
  expect(ErrorCode::shape, "cos", [](Arguments& a) { a.rotary.cos = {}; });
  expect(ErrorCode::shape, "sin", [](Arguments& a) { a.rotary.sin = {}; });
  expect(ErrorCode::shape, "sin", [](Arguments& a) { a.rotary.sin.shape[0] = 2; });
  expect(ErrorCode::shape, "sin", [](Arguments& a) { a.rotary.sin.shape[1] = 16; });
  expect(ErrorCode::shape, "cos",
         [](Arguments& a) { a.rotary.cos.shape[1] = a.rotary.sin.shape[1] = head_dim / 2 + 1; });
  expect(ErrorCode::shape, "cos", [](Arguments& a) {  // positions are 0 ... tokens - 1
    a.rotary.cos.shape[0] = a.rotary.sin.shape[0] = tokens - 1;
  });
  expect(ErrorCode::shape, "positions", [&](Arguments& a) {
    a.rotary.positions = TensorView::vector(positions_.data(), DType::i32, tokens + 1);
  });
}

TEST_F(RotaryBadInput, TypesStridesAndDevices) {
  expect(ErrorCode::dtype, "x", [](Arguments& a) { a.x.dtype = DType::f32; });
  expect(ErrorCode::dtype, "y", [](Arguments& a) { a.y.dtype = DType::bf16; });
  expect(ErrorCode::dtype, "cos", [](Arguments& a) { a.rotary.cos.dtype = DType::f16; });
  expect(ErrorCode::dtype, "positions", [&](Arguments& a) {
    a.rotary.positions = TensorView::vector(positions_.data(), DType::f32, tokens);
  });
  expect(ErrorCode::stride, "sin", [](Arguments& a) { a.rotary.sin.strides[1] = 2; });
  expect(ErrorCode::stride, "y", [](Arguments& a) { a.y.strides[1] = 0; });
  expect(ErrorCode::device, "cos", [](Arguments& a) { a.rotary.cos.device.index = 1; });
  expect(ErrorCode::device, "positions", [&](Arguments& a) {
    a.rotary.positions =
        TensorView::vector(positions_.data(), DType::i32, tokens, {DeviceType::cuda, 0});
  });
}

TEST_F(RotaryBadInput, Options) {
  expect(ErrorCode::range, "axis", [](Arguments& a) { a.options.axis = 1; });
  expect(ErrorCode::range, "scale", [](Arguments& a) { a.options.scale = 1.0F / 0.0F; });
  expect(ErrorCode::arg, "kernel", [](Arguments& a) { a.options.kernel = "cpu/none"; });
  expect(ErrorCode::arg, "scales", [&](Arguments& a) {
    a.options.scales = TensorView::vector(scales_.data(), DType::f32, 1);
  });
  expect(ErrorCode::shape, "scales", [&](Arguments& a) {
    a.y.dtype = DType::e4m3;
    a.options.scaling = HadamardScaling::per_row;
    a.options.scales = TensorView::vector(scales_.data(), DType::f32, tokens);
  });
}

TEST_F(RotaryBadInput, Memory) {
  expect(ErrorCode::arg, "x", [](Arguments& a) { a.x.data = nullptr; });
  expect(ErrorCode::arg, "cos", [](Arguments& a) { a.rotary.cos.data = nullptr; });
  expect(ErrorCode::align, "positions", [&](Arguments& a) {
    a.rotary.positions =
        TensorView::vector(reinterpret_cast<std::byte*>(positions_.data()) + 1, DType::i32, tokens);
  });
  expect(ErrorCode::alias, "y", [&](Arguments& a) { a.y.data = x_.data() + 8; });
  expect(ErrorCode::alias, "y", [&](Arguments& a) { a.y.data = cos_.data(); });
  expect(ErrorCode::alias, "amax",
         [&](Arguments& a) { a.options.amax = TensorView::vector(sin_.data(), DType::f32, 1); });
}

TEST_F(RotaryBadInput, NothingIsDoneWithoutElements) {
  Arguments a = good();
  a.x.shape[1] = a.y.shape[1] = 0;
  a.x.data = a.y.data = nullptr;
  EXPECT_NO_THROW(rotary_hadamard(a.x, a.rotary, a.y));
  const HadamardPlan plan = plan_rotary_hadamard(good().x, good().rotary, good().y);
  EXPECT_FALSE(plan.kernel.empty());
  for (const Rejection& rejection : plan.rejected) EXPECT_FALSE(rejection.reason.empty());
}

}  // namespace
}  // namespace halfbyte
