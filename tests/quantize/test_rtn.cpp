// Round to nearest: its error, what it keeps exactly, and what it does not depend on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "halfbyte/numeric.h"
#include "halfbyte/quantize.h"
#include "halfbyte/threads.h"
#include "quantize/random_weight.h"

namespace halfbyte::test {
namespace {

struct Rule {
  int bits;
  std::int64_t group_size;
  bool symmetric;
  DType scale_dtype;
};

std::vector<Rule> rules() {
  std::vector<Rule> out;
  for (const int bits : {2, 3, 4, 8}) {
    for (const std::int64_t group : {8, 24, 64, 4096, -1}) {
      for (const bool symmetric : {true, false}) {
        for (const DType scale : {DType::f16, DType::bf16, DType::f32}) {
          out.push_back({bits, group, symmetric, scale});
        }
      }
    }
  }
  return out;
}

QuantizeOptions options_of(const Rule& rule, bool search_clip = true) {
  QuantizeOptions options;
  options.bits = rule.bits;
  options.group_size = rule.group_size;
  options.symmetric = rule.symmetric;
  options.scale_dtype = rule.scale_dtype;
  options.search_clip = search_clip;
  return options;
}

std::string describe(const Rule& rule) {
  return std::to_string(rule.bits) + " bits, group " + std::to_string(rule.group_size) +
         (rule.symmetric ? ", symmetric, " : ", asymmetric, ") +
         std::string(name(rule.scale_dtype));
}

double store_scale(DType dtype, double scale) {
  double stored = 0;
  store_element(&stored, dtype, 0, scale);
  return load_element(&stored, dtype, 0);
}

// The squared error of plain min-max rounding of one group, written out independently.
double plain_group_error(const std::vector<float>& w, const Rule& rule) {
  const double low = std::min<double>(0, *std::min_element(w.begin(), w.end()));
  const double high = std::max<double>(0, *std::max_element(w.begin(), w.end()));
  const int top = (1 << rule.bits) - 1;
  double z = 1 << (rule.bits - 1);
  double s = store_scale(rule.scale_dtype, 2 * std::max(-low, high) / top);
  if (!rule.symmetric) {
    s = store_scale(rule.scale_dtype, (high - low) / top);
    z = s == 0 ? 0 : std::clamp<double>(std::nearbyint(-low / s), 0, top);
  }
  double sum = 0;
  for (const float x : w) {
    const double q = s == 0 ? z : std::clamp<double>(std::nearbyint(x / s) + z, 0, top);
    const double error = x - (q - z) * s;
    sum += error * error;
  }
  return sum;
}

// Every group of every column on its own: a gain elsewhere must not hide a loss.
TEST(Rtn, NoGroupIsWorseThanPlainMinMax) {
  constexpr std::int64_t n = 6;
  constexpr std::int64_t k = 200;  // a ragged last group for 24 and 64
  const std::vector<float> w = normal_weight(n, k, 1);
  for (const Rule& rule : rules()) {
    SCOPED_TRACE(describe(rule));
    const QuantizedWeight q = quantize(view_nk(w, n, k), options_of(rule));
    q.check("test", "q");
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t g = 0; g < q.groups; ++g) {
        std::vector<float> group;
        double error = 0;
        for (std::int64_t i = g * q.group_size; i < std::min(k, (g + 1) * q.group_size); ++i) {
          group.push_back(w[static_cast<std::size_t>(j * k + i)]);
          const double e = group.back() - q.value(i, j);
          error += e * e;
        }
        const double plain = plain_group_error(group, rule);
        ASSERT_TRUE(error <= plain * (1 + 1e-12)) << error << " > " << plain;
      }
    }
  }
}

TEST(Rtn, SearchOffIsPlainMinMax) {
  constexpr std::int64_t n = 3;
  constexpr std::int64_t k = 64;
  const std::vector<float> w = normal_weight(n, k, 2);
  for (const Rule& rule : rules()) {
    SCOPED_TRACE(describe(rule));
    const QuantizedWeight q = quantize(view_nk(w, n, k), options_of(rule, false));
    double plain = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t g = 0; g < q.groups; ++g) {
        const auto begin = w.begin() + j * k + g * q.group_size;
        plain += plain_group_error(
            std::vector<float>(begin, begin + std::min(q.group_size, k - g * q.group_size)), rule);
      }
    }
    ASSERT_NEAR(squared_error(w, q), plain, plain * 1e-9);
  }
}

TEST(Rtn, ClippingPaysOnNormalWeights) {
  std::vector<float> w = normal_weight(16, 1024, 3);
  const Rule rule{4, 128, true, DType::f16};
  const double plain = squared_error(w, quantize(view_nk(w, 16, 1024), options_of(rule, false)));
  const double searched = squared_error(w, quantize(view_nk(w, 16, 1024), options_of(rule)));
  EXPECT_LT(searched, 0.9 * plain);
}

TEST(Rtn, QuantisingTwiceGivesTheSameValues) {
  constexpr std::int64_t n = 5;
  constexpr std::int64_t k = 200;
  const std::vector<float> w = normal_weight(n, k, 4);
  for (const Rule& rule : rules()) {
    if (rule.scale_dtype == DType::f32) continue;  // W' is not exact in f32 then
    SCOPED_TRACE(describe(rule));
    const std::vector<float> once = dequantized_nk(quantize(view_nk(w, n, k), options_of(rule)));
    const std::vector<float> twice =
        dequantized_nk(quantize(view_nk(once, n, k), options_of(rule)));
    ASSERT_EQ(once, twice);
  }
}

TEST(Rtn, MultiplesOfAScaleAreExact) {
  for (const int bits : {2, 3, 4, 8}) {
    const int half = 1 << (bits - 1);
    for (int low = -half; low <= 0; ++low) {
      for (const double scale : {0.25, 0.0077972412109375, 6.103515625e-05 /* 2^-14 */}) {
        std::vector<float> w(64);
        for (std::size_t i = 0; i < w.size(); ++i) {
          w[i] = static_cast<float>((low + static_cast<int>(i) % half) * scale);
        }
        QuantizeOptions options;
        options.bits = bits;
        options.group_size = 64;
        for (const bool symmetric : {true, false}) {
          options.symmetric = symmetric;
          const QuantizedWeight q = quantize(view_nk(w, 1, 64), options);
          ASSERT_EQ(squared_error(w, q), 0) << bits << " bits from " << low << " times " << scale;
        }
      }
    }
  }
}

// -7 ... 8 times a scale does not fit -8 ... 7: only a negative scale makes it exact.
TEST(Rtn, NegativeScaleWhereItIsBetterAndOnlyThere) {
  QuantizeOptions options;
  options.group_size = 16;
  std::vector<float> w(16);
  for (int i = 0; i < 16; ++i) w[static_cast<std::size_t>(i)] = static_cast<float>(i - 7) / 16;
  QuantizedWeight q = quantize(view_nk(w, 1, 16), options);
  EXPECT_EQ(squared_error(w, q), 0);
  EXPECT_EQ(q.scale(0, 0), -0.0625F);
  for (float& x : w) x = -x;
  q = quantize(view_nk(w, 1, 16), options);
  EXPECT_EQ(squared_error(w, q), 0);
  EXPECT_EQ(q.scale(0, 0), 0.0625F);
}

TEST(Rtn, ZerosAndTinyWeights) {
  QuantizeOptions options;
  options.group_size = 8;
  for (const bool symmetric : {true, false}) {
    options.symmetric = symmetric;
    std::vector<float> w(8, 0.0F);
    QuantizedWeight q = quantize(view_nk(w, 1, 8), options);
    EXPECT_EQ(squared_error(w, q), 0);
    EXPECT_EQ(q.scale(0, 0), 1.0F);

    // Multiples of the smallest f16, a denormal scale.
    for (int i = 0; i < 8; ++i) w[static_cast<std::size_t>(i)] = static_cast<float>(i) * 0x1p-24F;
    q = quantize(view_nk(w, 1, 8), options);
    EXPECT_EQ(squared_error(w, q), 0);

    // Below half of it: nothing but zeros can be said.
    std::fill(w.begin(), w.end(), 0x1p-30F);
    q = quantize(view_nk(w, 1, 8), options);
    EXPECT_EQ(dequantized_nk(q), std::vector<float>(8, 0.0F));

    // bf16 and f32 scales go further down, f32 denormals included.
    std::fill(w.begin(), w.end(), 0x1p-140F);
    options.scale_dtype = DType::f32;
    q = quantize(view_nk(w, 1, 8), options);
    EXPECT_EQ(squared_error(w, q), 0);
    options.scale_dtype = DType::f16;
  }
}

TEST(Rtn, HugeWeightsWithWideScales) {
  std::vector<float> w = normal_weight(2, 64, 5, 1e30F);
  QuantizeOptions options;
  options.group_size = 32;
  options.scale_dtype = DType::bf16;
  const QuantizedWeight q = quantize(view_nk(w, 2, 64), options);
  double total = 0;
  for (const float x : w) total += static_cast<double>(x) * x;
  EXPECT_LT(squared_error(w, q), 0.02 * total);
}

TEST(Rtn, ActOrderGroupsRowsByFallingImportance) {
  constexpr std::int64_t n = 4;
  constexpr std::int64_t k = 40;
  const std::vector<float> w = normal_weight(n, k, 6);
  std::vector<float> importance(k);
  for (std::size_t i = 0; i < k; ++i)
    importance[i] = static_cast<float>(i * 3 % 7);  // equals across the ends of groups
  QuantizeOptions options;
  options.group_size = 16;
  const QuantizedWeight q = quantize(view_nk(w, n, k), options, importance);
  q.check("test", "q");
  ASSERT_EQ(q.groups, 3);  // 16, 16 and 8 rows

  std::vector<std::size_t> order(k);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return importance[a] > importance[b]; });
  std::vector<float> sorted(w.size());
  for (std::size_t p = 0; p < k; ++p) {
    EXPECT_EQ(q.g_idx[order[p]], static_cast<std::int32_t>(p / 16));
    for (std::size_t j = 0; j < n; ++j) sorted[j * k + p] = w[j * k + order[p]];
  }
  // The same groups as quantising the sorted weight.
  const QuantizedWeight plain = quantize(view_nk(sorted, n, k), options);
  EXPECT_EQ(plain.scales, q.scales);
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::size_t p = 0; p < k; ++p) {
      EXPECT_EQ(plain.code(static_cast<std::int64_t>(p), j),
                q.code(static_cast<std::int64_t>(order[p]), j));
    }
  }
}

// Padding bits of the canonical form stay 0, so that equal weights are equal bytes.
TEST(Rtn, GroupOverKAndRaggedK) {
  const std::vector<float> w = normal_weight(3, 21, 7);
  for (const int bits : {2, 3, 4, 8}) {
    QuantizeOptions options;
    options.bits = bits;
    options.group_size = 128;
    const QuantizedWeight q = quantize(view_nk(w, 3, 21), options);
    q.check("test", "q");
    EXPECT_EQ(q.groups, 1);
    EXPECT_EQ(q.group_size, 128);
    double plain = 0;
    for (auto column = w.begin(); column != w.end(); column += 21) {
      plain += plain_group_error({column, column + 21}, {bits, 128, true, DType::f16});
    }
    EXPECT_LE(squared_error(w, q), plain);
    const int used = 21 * bits % 8;
    if (used == 0) continue;
    for (std::int64_t j = 1; j <= 3; ++j) {
      EXPECT_EQ(q.codes[static_cast<std::size_t>(j * q.code_bytes_per_column() - 1)] >> used, 0);
    }
  }
}

TEST(Rtn, EmptyExtents) {
  QuantizeOptions options;
  for (const std::int64_t group : {std::int64_t{-1}, std::int64_t{8}}) {
    options.group_size = group;
    for (const auto& [n, k] : {std::pair{0, 8}, std::pair{8, 0}, std::pair{0, 0}}) {
      const QuantizedWeight q = quantize(TensorView::matrix(nullptr, DType::f32, n, k), options);
      q.check("test", "q");
      EXPECT_EQ(q.n, n);
      EXPECT_EQ(q.k, k);
    }
  }
}

TEST(Rtn, EveryTypeAndStrideGivesTheSameWeight) {
  constexpr std::int64_t n = 5;
  constexpr std::int64_t k = 32;
  std::vector<float> w = normal_weight(n, k, 8);
  for (float& x : w) x = bf16_to_f32(f32_to_bf16(x));  // bf16 has the fewest bits
  for (float& x : w) x = f16_to_f32(f32_to_f16(x));
  QuantizeOptions options;
  options.group_size = 16;
  const QuantizedWeight wanted = quantize(view_nk(w, n, k), options);

  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    // Transposed, in every second element, rows from last to first.
    const auto size = static_cast<std::int64_t>(size_of(dtype));
    std::vector<std::byte> memory(static_cast<std::size_t>(2 * n * k * size));
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t i = 0; i < k; ++i) {
        store_element(memory.data(), dtype, 2 * (i * n + (n - 1 - j)),
                      w[static_cast<std::size_t>(j * k + i)]);
      }
    }
    TensorView view = TensorView::matrix(memory.data() + 2 * (n - 1) * size, dtype, n, k);
    view.strides = {-2, 2 * n, 0, 0};
    const QuantizedWeight got = quantize(view, options);
    EXPECT_EQ(got.codes, wanted.codes) << name(dtype);
    EXPECT_EQ(got.scales, wanted.scales) << name(dtype);
  }
}

TEST(Rtn, BitsDoNotDependOnTheThreads) {
  const std::vector<float> w = normal_weight(37, 264, 9);
  for (const bool symmetric : {true, false}) {
    QuantizeOptions options;
    options.group_size = 64;
    options.symmetric = symmetric;
    set_num_threads(1);
    const QuantizedWeight one = quantize(view_nk(w, 37, 264), options);
    for (const int threads : {2, 3, 8}) {
      set_num_threads(threads);
      const QuantizedWeight many = quantize(view_nk(w, 37, 264), options);
      EXPECT_EQ(one.codes, many.codes);
      EXPECT_EQ(one.scales, many.scales);
      EXPECT_EQ(one.zeros, many.zeros);
    }
    set_num_threads(0);
  }
}

}  // namespace
}  // namespace halfbyte::test
