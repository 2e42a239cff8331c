// Bad arguments of quantize(): a typed error that names what is wrong.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "halfbyte/error.h"
#include "halfbyte/quantize.h"
#include "quantize/random_weight.h"

namespace halfbyte::test {
namespace {

void expect_error(ErrorCode code, const std::string& part, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
    EXPECT_EQ(error.detail().function, "quantize");
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    return;
  }
  ADD_FAILURE() << "no error; wanted " << code_name(code) << " about " << part;
}

TEST(QuantizeErrors, NonFiniteWeightsAreNamedByRowAndColumn) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    std::vector<float> w = normal_weight(40, 16, 1);
    w[23 * 16 + 9] = bad;
    w[23 * 16 + 11] = bad;
    w[24 * 16 + 2] = bad;  // of the same chunk of rows, and one of another
    w[39 * 16 + 2] = bad;
    expect_error(ErrorCode::range, "weight[row 23, column 9]",
                 [&] { quantize(view_nk(w, 40, 16), {}); });
    w[23 * 16 + 9] = 0;
    w[23 * 16 + 11] = 0;
    w[24 * 16 + 2] = 0;
    w[39 * 16 + 2] = 0;
    EXPECT_NO_THROW(quantize(view_nk(w, 40, 16), {}));
  }
}

TEST(QuantizeErrors, Options) {
  const std::vector<float> w = normal_weight(2, 16, 2);
  const auto with = [&](auto change) {
    return [&w, change] {
      QuantizeOptions options;
      change(options);
      quantize(view_nk(w, 2, 16), options);
    };
  };
  expect_error(ErrorCode::arg, "rtn", with([](auto& o) { o.method = "magic"; }));
  for (const int bits : {-1, 0, 1, 5, 16}) {
    expect_error(ErrorCode::range, "bits", with([=](auto& o) { o.bits = bits; }));
  }
  for (const std::int64_t group : {-2, 0, 4, 12, 129}) {
    expect_error(ErrorCode::range, "-1 or a multiple of 8",
                 with([=](auto& o) { o.group_size = group; }));
  }
  for (const DType dtype : {DType::f64, DType::e8m0, DType::i32}) {
    expect_error(ErrorCode::dtype, "scale_dtype", with([=](auto& o) { o.scale_dtype = dtype; }));
  }
}

TEST(QuantizeErrors, Weight) {
  std::vector<float> w = normal_weight(2, 16, 3);
  TensorView view = view_nk(w, 2, 16);
  view.rank = 1;
  expect_error(ErrorCode::shape, "rank 1", [&] { quantize(view, {}); });
  view = view_nk(w, 2, 16);
  view.shape[1] = -1;
  expect_error(ErrorCode::shape, "-1", [&] { quantize(view, {}); });
  view.shape[1] = (std::int64_t{1} << 40) + 1;
  expect_error(ErrorCode::shape, "2^40", [&] { quantize(view, {}); });
  view = view_nk(w, 2, 16);
  view.dtype = DType::i8;
  expect_error(ErrorCode::dtype, "i8", [&] { quantize(view, {}); });
  view = view_nk(w, 2, 16);
  view.data = nullptr;
  expect_error(ErrorCode::arg, "null", [&] { quantize(view, {}); });
  view = view_nk(w, 2, 16);
  view.device.type = DeviceType::cuda;
  expect_error(ErrorCode::device, "weight", [&] { quantize(view, {}); });
}

TEST(QuantizeErrors, Importance) {
  const std::vector<float> w = normal_weight(2, 16, 4);
  expect_error(ErrorCode::shape, "importance",
               [&] { quantize(view_nk(w, 2, 16), {}, std::vector<float>(15, 1.0F)); });
  std::vector<float> importance(16, 1.0F);
  importance[3] = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorCode::range, "importance[3]",
               [&] { quantize(view_nk(w, 2, 16), {}, importance); });
}

TEST(QuantizeErrors, ScaleBeyondItsType) {
  const std::vector<float> w(16, 1e6F);
  QuantizeOptions options;
  options.group_size = 16;
  expect_error(ErrorCode::range, "output feature 0", [&] { quantize(view_nk(w, 1, 16), options); });
  options.scale_dtype = DType::bf16;
  EXPECT_NO_THROW(quantize(view_nk(w, 1, 16), options));
}

}  // namespace
}  // namespace halfbyte::test
