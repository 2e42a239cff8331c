// Weights of every kind that the canonical form can express, for sweeps over kernels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "halfbyte/numeric.h"
#include "halfbyte/weight.h"

namespace halfbyte::test {

struct WeightCase {
  std::int64_t k = 128;
  std::int64_t n = 16;
  int bits = 4;
  std::int64_t group = 128;  // -1: one group
  ZeroKind zero = ZeroKind::symmetric;
  DType scale = DType::f16;
  bool table = false;
  bool shuffled = false;     // a random, unbalanced g_idx
  bool unit_scales = false;  // powers of two: products of integers stay exact
};

inline std::string to_string(const WeightCase& c) {
  return "k=" + std::to_string(c.k) + " n=" + std::to_string(c.n) +
         " bits=" + std::to_string(c.bits) + " group=" + std::to_string(c.group) +
         " zero=" + std::to_string(static_cast<int>(c.zero)) +
         " scale=" + std::string(name(c.scale)) + (c.table ? " table" : "") +
         (c.shuffled ? " shuffled" : "");
}

inline QuantizedWeight make_weight(const WeightCase& c, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  QuantizedWeight w;
  w.k = c.k;
  w.n = c.n;
  w.bits = c.bits;
  w.group_size = c.group < 0 ? std::max<std::int64_t>(c.k, 1) : c.group;
  w.groups = (c.k + w.group_size - 1) / w.group_size;
  if (c.shuffled) {
    for (std::int64_t i = 0; i < c.k; ++i) {
      w.g_idx.push_back(static_cast<std::int32_t>(bits() % static_cast<std::uint64_t>(w.groups)));
    }
  }
  w.zero_kind = c.zero;
  w.scale_dtype = c.scale;
  if (c.table) {
    w.meaning = CodeMeaning::table;
    const float e2m1[8] = {0, 0.5F, 1, 1.5F, 2, 3, 4, 6};
    for (std::size_t i = 0; i < 16; ++i) w.table[i] = i < 8 ? e2m1[i] : -e2m1[i - 8];
  }
  w.codes.assign(static_cast<std::size_t>(w.n * w.code_bytes_per_column()), 0);
  for (std::int64_t j = 0; j < c.n; ++j) {
    for (std::int64_t i = 0; i < c.k; ++i) {
      w.set_code(i, j, static_cast<std::uint32_t>(bits() % (1U << c.bits)));
    }
  }
  const std::int64_t entries = w.groups * w.n;
  w.scales.resize(static_cast<std::size_t>(entries) * size_of(c.scale));
  const bool offsets = c.zero == ZeroKind::real || c.zero == ZeroKind::minimum;
  if (offsets) w.offsets.resize(w.scales.size());
  if (c.zero == ZeroKind::integer) w.zeros.resize(static_cast<std::size_t>(entries));
  for (std::int64_t i = 0; i < entries; ++i) {
    const double magnitude = 0.5 + static_cast<double>(bits() % 1000) / 1000.0;
    if (c.scale == DType::e8m0) {
      w.scales[static_cast<std::size_t>(i)] = static_cast<std::byte>(120 + bits() % 8);
    } else {
      store_element(w.scales.data(), c.scale, i,
                    c.unit_scales ? (bits() % 2 == 0 ? 0.5 : 1.0) : 0.02 * magnitude);
    }
    if (c.zero == ZeroKind::integer) {
      w.zeros[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(bits() % (1U << c.bits));
    }
    if (offsets) {
      const double zero = static_cast<double>(bits() % 1000) / 1000.0 * ((1 << c.bits) - 1);
      store_element(w.offsets.data(), c.scale, i,
                    c.zero == ZeroKind::real ? zero : -0.02 * magnitude * zero);
    }
  }
  return w;
}

// A spread of formats and shapes, odd ones included. Small: a sweep multiplies by all of them.
inline std::vector<WeightCase> weight_cases() {
  using enum ZeroKind;
  return {
      {.k = 256, .n = 64},
      {.k = 512, .n = 80, .group = 64, .zero = integer},
      {.k = 384, .n = 33, .group = 32, .zero = integer, .scale = DType::bf16},
      {.k = 200, .n = 17, .group = 8},
      {.k = 131, .n = 5, .group = 24, .zero = integer},
      {.k = 129, .n = 1, .group = -1},
      {.k = 1, .n = 19, .group = 128},
      {.k = 40, .n = 70, .group = 256, .zero = integer},
      {.k = 1024, .n = 48, .group = -1, .scale = DType::f32},
      {.k = 320, .n = 65, .group = 128, .zero = integer, .shuffled = true},
      {.k = 77, .n = 21, .group = 8, .shuffled = true},
      {.k = 256, .n = 40, .bits = 8, .zero = integer},
      {.k = 100, .n = 30, .bits = 8, .group = 40, .shuffled = true},
      {.k = 256, .n = 40, .bits = 3, .group = 64, .zero = integer},
      {.k = 96, .n = 24, .bits = 2, .group = 32, .zero = integer},
      {.k = 256, .n = 50, .group = 64, .zero = real},
      {.k = 256, .n = 50, .group = 64, .zero = minimum},
      {.k = 136, .n = 20, .bits = 8, .group = 32, .zero = minimum, .scale = DType::f32},
      {.k = 256, .n = 36, .group = 32, .scale = DType::e8m0, .table = true},
      {.k = 75, .n = 36, .group = 32, .scale = DType::bf16, .table = true, .shuffled = true},
  };
}

}  // namespace halfbyte::test
