// pack is lossless: unpack gives every part of the canonical weight back.
#include "linear/under_test.h"

#include "halfbyte/error.h"
#include "halfbyte/numeric.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using Pack = test::OnDevice;

void expect_equal(const QuantizedWeight& a, const QuantizedWeight& b, const std::string& what) {
  EXPECT_EQ(a.k, b.k) << what;
  EXPECT_EQ(a.n, b.n) << what;
  EXPECT_EQ(a.bits, b.bits) << what;
  EXPECT_EQ(a.group_size, b.group_size) << what;
  EXPECT_EQ(a.groups, b.groups) << what;
  EXPECT_EQ(a.g_idx, b.g_idx) << what;
  EXPECT_EQ(a.codes, b.codes) << what;
  EXPECT_EQ(a.scale_dtype, b.scale_dtype) << what;
  EXPECT_EQ(a.scales, b.scales) << what;
  EXPECT_EQ(a.zero_kind, b.zero_kind) << what;
  EXPECT_EQ(a.zeros, b.zeros) << what;
  EXPECT_EQ(a.offsets, b.offsets) << what;
  EXPECT_EQ(a.meaning, b.meaning) << what;
  EXPECT_EQ(a.table, b.table) << what;
}

TEST_F(Pack, IsLossless) {
  for (const test::WeightCase& c : test::weight_cases()) {
    const QuantizedWeight weight = test::make_weight(c, 99);
    expect_equal(unpack(pack(weight, device)), weight, to_string(c));
  }
}

TEST_F(Pack, KeepsEveryScaleOfPowersOfTwo) {
  QuantizedWeight weight =
      test::make_weight({.k = 32, .n = 256, .group = 32, .scale = DType::e8m0, .table = true}, 1);
  for (std::size_t i = 0; i < 256; ++i) weight.scales[i] = static_cast<std::byte>(i);
  expect_equal(unpack(pack(weight, device)), weight, "all 256 exponents");
}

TEST_F(Pack, DequantizesToTheDefinition) {
  for (const test::WeightCase& c : test::weight_cases()) {
    const QuantizedWeight weight = test::make_weight(c, 98);
    std::vector<double> out(static_cast<std::size_t>(c.k * c.n));
    dequantize(pack(weight, device), TensorView::matrix(out.data(), DType::f64, c.k, c.n));
    for (std::int64_t i = 0; i < c.k * c.n; ++i) {
      ASSERT_EQ(out[static_cast<std::size_t>(i)], weight.value(i / c.n, i % c.n)) << to_string(c);
    }
  }
}

TEST_F(Pack, NeedsLittleMoreThanTheWeight) {
  const PackedWeight packed = pack(test::make_weight({.k = 4096, .n = 256}, 1), device);
  EXPECT_LE(packed.bytes(), static_cast<std::size_t>(4096 * 256 * (4 + 16.0 / 128) / 8 * 1.01));
}

TEST_F(Pack, RefusesInconsistentWeights) {
  const auto code_of = [&](const QuantizedWeight& weight) {
    try {
      pack(weight, device);
    } catch (const Error& error) {
      EXPECT_EQ(error.detail().function, "pack");
      EXPECT_NE(std::string(error.what()).find("wanted"), std::string::npos);
      return error.code();
    }
    ADD_FAILURE() << "accepted";
    return ErrorCode::arg;
  };
  const QuantizedWeight good =
      test::make_weight({.k = 64, .n = 16, .group = 32, .zero = ZeroKind::integer}, 1);
  QuantizedWeight w = good;
  w.codes.pop_back();
  EXPECT_EQ(code_of(w), ErrorCode::shape);
  w = good;
  w.bits = 5;
  EXPECT_EQ(code_of(w), ErrorCode::range);
  w = good;
  w.zeros[3] = 16;
  EXPECT_EQ(code_of(w), ErrorCode::range);
  w = good;
  w.g_idx.assign(64, 2);
  EXPECT_EQ(code_of(w), ErrorCode::range);
  w = good;
  w.g_idx.assign(63, 0);
  EXPECT_EQ(code_of(w), ErrorCode::shape);
  w = good;
  w.k = -1;
  EXPECT_EQ(code_of(w), ErrorCode::shape);
  w = good;
  w.scale_dtype = DType::i32;
  EXPECT_EQ(code_of(w), ErrorCode::dtype);
  EXPECT_NO_THROW(pack(good, device));
}

}  // namespace
}  // namespace halfbyte
