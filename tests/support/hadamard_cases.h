// The cases of the suite: every size, type and way of writing; tails, gaps, other axes, alignment.
#pragma once

#include <vector>

#include "tests/support/hadamard_suite.h"

namespace halfbyte::test {

inline constexpr DType sixteen_bit[] = {DType::f16, DType::bf16};

// Every power of two; rows enough for several blocks of short ones and tails of all.
inline std::vector<HadamardCase> power_of_two_cases(std::int64_t largest_n) {
  std::vector<HadamardCase> cases;
  for (std::int64_t n = 1; n <= largest_n; n *= 2) {
    const std::int64_t rows = n <= 256 ? 3000 / n + 5 : n <= 2048 ? 9 : 3;
    for (const DType x : {DType::f16, DType::bf16, DType::f32}) {
      for (const bool fast : {false, true}) {
        if (fast && x == DType::f32) continue;
        cases.push_back({.x = x, .y = x, .rows = rows, .n = n, .fast = fast});
        cases.push_back({.x = x, .y = x, .rows = rows, .n = n, .in_place = true, .fast = fast});
      }
      for (const Values values : {Values::integers, Values::one_hot, Values::nonfinite}) {
        cases.push_back({.x = x, .y = x, .rows = rows, .n = n, .values = values, .seed = 7});
      }
      cases.push_back({.x = x,
                       .y = x,
                       .rows = rows,
                       .n = n,
                       .x_gap = 8,
                       .y_gap = 16,
                       .before = true,
                       .after = true,
                       .amax = true});
    }
  }
  return cases;
}

// Rows 1 ... 17 of each size, of which the same rows must be the same bits.
inline std::vector<std::int64_t> tail_rows() {
  return {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
}

inline std::vector<HadamardCase> layout_cases() {
  std::vector<HadamardCase> cases;
  for (const DType x : sixteen_bit) {
    for (const std::int64_t n : {8, 64, 128, 512, 2048, 4096}) {
      const std::int64_t rows = n <= 128 ? 19 : 3;
      cases.push_back({.x = x, .y = x, .outer = 3, .rows = rows, .n = n, .x_gap = 24, .y_gap = 8});
      cases.push_back({.x = x,
                       .y = x,
                       .outer = 2,
                       .rows = rows,
                       .n = n,
                       .x_gap = 8,
                       .in_place = true,
                       .values = Values::integers});
      // Not aligned to 16 bytes: rows, or the first element.
      cases.push_back({.x = x, .y = x, .rows = rows, .n = n, .x_gap = 3, .y_gap = 1});
      cases.push_back({.x = x, .y = x, .rows = rows, .n = n, .offset = 1});
      cases.push_back({.x = x, .y = x, .outer = 2, .rows = 5, .n = n, .axis = 1, .after = true});
      cases.push_back({.x = x, .y = x, .outer = 2, .rows = 3, .n = n, .axis = 1, .in_place = true});
    }
    for (const std::int64_t block : {1, 2, 8, 64, 256, 1024}) {
      cases.push_back({.x = x, .y = x, .rows = 3, .n = 3 * block, .block = block, .before = true});
      cases.push_back({.x = x,
                       .y = x,
                       .rows = 3,
                       .n = 5 * block,
                       .block = block,
                       .x_gap = 8,
                       .y_gap = 8,
                       .values = Values::nonfinite});
    }
    cases.push_back({.x = x,
                     .y = x,
                     .rows = 2,
                     .n = 3 * 4096,
                     .block = 4096,
                     .x_gap = 8,
                     .y_gap = 8,
                     .before = true,
                     .after = true});
  }
  return cases;
}

// q 2^p, also transposed.
inline std::vector<HadamardCase> order_cases(const std::vector<std::int64_t>& sizes) {
  std::vector<HadamardCase> cases;
  for (const std::int64_t n : sizes) {
    for (const DType x : {DType::f16, DType::bf16, DType::f32}) {
      cases.push_back({.x = x, .y = x, .rows = 3, .n = n, .before = true});
      cases.push_back({.x = x, .y = x, .rows = 2, .n = n, .in_place = true, .transpose = true});
      cases.push_back({.x = x, .y = x, .rows = 2, .n = n, .values = Values::one_hot});
      cases.push_back({.x = x, .y = x, .rows = 2, .n = n, .values = Values::integers});
    }
    cases.push_back(
        {.y = DType::e4m3, .rows = 2, .n = n, .scaling = HadamardScaling::per_row, .amax = true});
  }
  return cases;
}

// q 2^p with gaps, signs, pieces side by side, odd numbers of pieces, and codes of a given scale.
inline std::vector<HadamardCase> order_layout_cases(const std::vector<std::int64_t>& sizes) {
  std::vector<HadamardCase> cases;
  for (const std::int64_t n : sizes) {
    for (const DType x : sixteen_bit) {
      for (const bool fast : {false, true}) {
        HadamardCase c{.x = x, .y = x, .outer = 3, .rows = 3, .n = n, .fast = fast};
        c.x_gap = 24, c.y_gap = 8, c.before = c.after = true;
        cases.push_back(c);
        cases.push_back({.x = x, .y = x, .rows = 3, .n = n, .in_place = true, .fast = fast});
        c = {.x = x, .y = x, .rows = 1, .n = 3 * n, .block = n, .fast = fast};
        c.before = c.after = c.transpose = true;
        cases.push_back(c);
      }
      cases.push_back({.x = x, .y = x, .rows = 3, .n = n, .values = Values::nonfinite, .seed = 7});
      cases.push_back(
          {.x = x, .y = x, .outer = 2, .rows = 2, .n = n, .x_gap = 8, .in_place = true});
      for (const DType y : {DType::e4m3, DType::e5m2, DType::i8, DType::u8}) {
        cases.push_back({.x = x, .y = y, .rows = 3, .n = n, .y_gap = 16, .before = true});
        cases.push_back({.x = x, .y = y, .rows = 1, .n = n, .after = true});
        if (x == DType::f16) continue;
        cases.push_back({.x = x, .y = y, .rows = 1, .n = n, .values = Values::tiny_hot});
      }
    }
  }
  return cases;
}

inline std::vector<HadamardCase> code_cases(const std::vector<std::int64_t>& sizes) {
  std::vector<HadamardCase> cases;
  for (const std::int64_t n : sizes) {
    const std::int64_t rows = n <= 256 ? 600 / n + 3 : 3;
    for (const DType x : {DType::f16, DType::bf16, DType::f32}) {
      for (const DType y : {DType::e4m3, DType::e5m2, DType::i8, DType::u8}) {
        HadamardCase c{.x = x, .y = y, .rows = rows, .n = n};
        cases.push_back(c);
        if (x != DType::f16) {  // sqrt(n) / scale is beyond f32 from 512 (128) on
          cases.push_back({.x = x, .y = y, .rows = rows, .n = n, .values = Values::tiny_hot});
          cases.push_back({.x = x,
                           .y = y,
                           .rows = rows,
                           .n = n,
                           .scaling = HadamardScaling::per_row,
                           .values = Values::tiny_hot});
        }
        c.amax = true;
        cases.push_back(c);
        c.x_gap = 8;
        c.y_gap = 16;
        c.scaling = HadamardScaling::per_row;
        c.after = true;
        cases.push_back(c);
        for (std::int64_t group = 8; group <= std::min<std::int64_t>(n, 4096); group *= 4) {
          cases.push_back({.x = x,
                           .y = y,
                           .rows = rows,
                           .n = n,
                           .scaling = HadamardScaling::per_group,
                           .group = group});
        }
      }
      // One scale for several pieces of a row.
      cases.push_back({.x = x,
                       .y = DType::e4m3,
                       .rows = rows,
                       .n = 4 * n,
                       .block = n,
                       .scaling = HadamardScaling::per_row});
    }
  }
  return cases;
}

}  // namespace halfbyte::test
