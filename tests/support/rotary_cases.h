// The cases of the suite: heads, pairs, types, layouts. All of them are for every device.
#pragma once

#include <vector>

#include "tests/support/rotary_suite.h"

namespace halfbyte::test {

inline constexpr RotaryPairs both_pairs[] = {RotaryPairs::halves, RotaryPairs::adjacent};

// Heads as models have them, and all that a warp can hold otherwise.
inline std::vector<RotaryCase> head_cases() {
  struct Head {
    std::int64_t head_dim, block, rotary_dim;
  };
  std::vector<RotaryCase> cases;
  for (const Head& h :
       {Head{64, 0, -1}, Head{96, 32, -1}, Head{128, 0, -1}, Head{256, 0, -1}, Head{128, 32, -1},
        Head{64, 1, -1}, Head{128, 1, 0}, Head{80, 16, 32}, Head{64, 0, 16}, Head{256, 0, 64},
        Head{8, 0, -1}, Head{16, 0, -1}, Head{32, 2, -1}, Head{120, 8, 40}, Head{40, 8, 20},
        Head{128, 0, 96}, Head{16, 0, 2}, Head{200, 4, 100}, Head{128, 64, 126}}) {
    for (const DType x : {DType::f16, DType::bf16}) {
      for (const RotaryPairs pairs : both_pairs) {
        RotaryCase c{.x = x,
                     .y = x,
                     .head_dim = h.head_dim,
                     .rotary_dim = h.rotary_dim,
                     .block = h.block,
                     .pairs = pairs};
        cases.push_back(c);
        c.in_place = true;
        c.positions = DType::i64;
        c.tokens = 5;
        c.heads = 9;
        cases.push_back(c);
        c.in_place = false;
        c.before = c.after = c.amax = true;
        c.x_gap = 8;
        c.y_gap = 16;
        cases.push_back(c);
        c.positions = DType::f32;
        c.per_row = true;
        for (const DType y : {DType::e4m3, DType::e5m2, DType::i8}) {
          c.y = y;
          cases.push_back(c);
          c.per_row = !c.per_row;
        }
      }
    }
  }
  return cases;
}

// What 16-byte loads cannot do, tables with gaps, single tokens and heads.
inline std::vector<RotaryCase> rotary_layout_cases() {
  std::vector<RotaryCase> cases;
  for (const std::int64_t head_dim : {64, 96, 128}) {
    const std::int64_t block = head_dim == 96 ? 32 : 0;
    for (const RotaryPairs pairs : both_pairs) {
      const RotaryCase plain{.head_dim = head_dim, .block = block, .pairs = pairs};
      RotaryCase c = plain;
      c.offset = 3;
      cases.push_back(c);
      c.in_place = true;
      cases.push_back(c);
      c = plain;
      c.x_gap = 5;
      c.y_gap = 3;
      cases.push_back(c);
      c = plain;
      c.x_step = 2;
      c.y_step = 3;
      c.before = true;
      cases.push_back(c);
      c.y = DType::i8;
      c.per_row = true;
      cases.push_back(c);
      c = plain;
      c.table_gap = head_dim / 2;
      c.tokens = c.heads = 1;
      cases.push_back(c);
      c.y = DType::e4m3;
      c.tokens = 70;
      c.per_row = c.amax = true;
      cases.push_back(c);
      c = plain;
      c.tokens = 1;
      c.heads = 67;
      cases.push_back(c);
    }
  }
  return cases;
}

// NaN and Inf in x, and positions beyond the tables.
inline std::vector<RotaryCase> rotary_nonfinite_cases() {
  std::vector<RotaryCase> cases;
  for (const std::int64_t head_dim : {64, 96, 128}) {
    for (const std::int64_t rotary_dim : {head_dim, std::int64_t{32}, std::int64_t{20}}) {
      for (const RotaryPairs pairs : both_pairs) {
        for (const RotaryValues values : {RotaryValues::nonfinite, RotaryValues::outside}) {
          for (unsigned seed = 1; seed < 4; ++seed) {
            RotaryCase c{.head_dim = head_dim,
                         .rotary_dim = rotary_dim,
                         .block = 32,
                         .pairs = pairs,
                         .values = values,
                         .seed = seed};
            cases.push_back(c);
            if (values != RotaryValues::outside) continue;
            c.y = seed == 1 ? DType::i8 : DType::e4m3;
            c.per_row = seed != 3;
            cases.push_back(c);
          }
        }
      }
    }
  }
  return cases;
}

}  // namespace halfbyte::test
