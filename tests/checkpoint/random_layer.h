// Random canonical weights, and the naive bit packing that the importers are held against.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "halfbyte/weight.h"

namespace halfbyte::test {

struct LayerShape {
  std::int64_t k = 0;
  std::int64_t n = 0;
  int bits = 4;
  std::int64_t group = 0;  // -1: one group
  bool symmetric = true;
  bool act_order = false;
};

inline std::string to_string(const LayerShape& s) {
  return "k " + std::to_string(s.k) + " n " + std::to_string(s.n) + " bits " +
         std::to_string(s.bits) + " group " + std::to_string(s.group) +
         (s.symmetric ? " sym" : " asym") + (s.act_order ? " act-order" : "");
}

inline QuantizedWeight random_layer(const LayerShape& s, std::uint32_t seed) {
  std::mt19937 random(seed);
  QuantizedWeight w;
  w.k = s.k;
  w.n = s.n;
  w.bits = s.bits;
  w.group_size = s.group == -1 ? s.k : s.group;
  w.groups = (w.k + w.group_size - 1) / w.group_size;
  w.codes.resize(static_cast<std::size_t>(w.n * w.code_bytes_per_column()));
  for (std::int64_t j = 0; j < w.n; ++j)
    for (std::int64_t i = 0; i < w.k; ++i) w.set_code(i, j, random() >> (32 - w.bits));
  for (std::int64_t i = 0; i < 2 * w.groups * w.n; ++i)
    w.scales.push_back(static_cast<std::byte>(random()));
  if (!s.symmetric) {
    w.zero_kind = ZeroKind::integer;
    for (std::int64_t i = 0; i < w.groups * w.n; ++i)
      w.zeros.push_back(static_cast<std::uint8_t>(random() >> (32 - w.bits)));
  }
  if (s.act_order)
    for (std::int64_t i = 0; i < w.k; ++i)
      w.g_idx.push_back(static_cast<std::int32_t>(random() % static_cast<unsigned>(w.groups)));
  return w;
}

// Bits as a list of bools, lowest first: nothing of the library's way to pack.
class Bits {
 public:
  void push(std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bits_.push_back((value >> i & 1U) != 0);
  }
  std::vector<std::uint32_t> words() const {
    std::vector<std::uint32_t> words((bits_.size() + 31) / 32);
    for (std::size_t i = 0; i < bits_.size(); ++i)
      if (bits_[i]) words[i / 32] |= 1U << (i % 32);
    return words;
  }

 private:
  std::vector<bool> bits_;
};

inline void expect_same(const QuantizedWeight& got, const QuantizedWeight& wanted) {
  EXPECT_EQ(got.k, wanted.k);
  EXPECT_EQ(got.n, wanted.n);
  EXPECT_EQ(got.bits, wanted.bits);
  EXPECT_EQ(got.meaning, wanted.meaning);
  EXPECT_EQ(got.group_size, wanted.group_size);
  EXPECT_EQ(got.groups, wanted.groups);
  EXPECT_EQ(got.g_idx, wanted.g_idx);
  EXPECT_EQ(got.codes, wanted.codes);
  EXPECT_EQ(got.scale_dtype, wanted.scale_dtype);
  EXPECT_EQ(got.scales, wanted.scales);
  EXPECT_EQ(got.zero_kind, wanted.zero_kind);
  EXPECT_EQ(got.zeros, wanted.zeros);
}

}  // namespace halfbyte::test
