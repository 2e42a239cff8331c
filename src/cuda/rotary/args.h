// What the kernels of rotary_hadamard() get: plain data, passed by value.
#pragma once

#include <cstdint>

#include "core/hadamard/heads.h"
#include "core/hadamard/quantize.h"
#include "core/hadamard/vectors.h"

namespace halfbyte::cuda::rotary {

// In elements.
struct Steps {
  std::int64_t token, head, element;
};

struct Args {
  const void* x;
  void* y;
  Steps x_steps, y_steps;
  const float* cos;
  const float* sin;
  std::int64_t cos_step, sin_step;
  std::int64_t table_rows;
  const void* positions;  // null: token t is at position t
  std::int64_t positions_step;
  bool positions_are_i64;
  bool halves;  // pairs; else adjacent elements
  int head_dim, rotary_dim;
  int log2_lanes;  // of a head
  int log2_block;  // of a transform
  core::hadamard::HeadItems items;
  core::Divider per_token;  // items
  float scale;
  const std::int8_t* signs_before;  // (head_dim,) or null
  const std::int8_t* signs_after;
  core::CodeKind kind;
  bool scale_of_head;  // made here; else scales[0] is given
  float* scales;
  float* amax;
};

}  // namespace halfbyte::cuda::rotary
