// The CPU backend's Hadamard kernels, for its table.
#pragma once

#include <cstdint>

#include "ops/rotary_kernel.h"

namespace halfbyte::cpu {

// The oracle: plain loops in f64, rounded once. Any problem.
void hadamard_reference(const HadamardProblem& problem);

// Raises *amax to a magnitude by the order of their bits, whatever order threads come in.
void raise_amax(float* amax, float magnitude);

// One task of a kernel. Along rows: adjacent whole pieces of a row, elements first ...
// first + count - 1. Across rows: `count` rows from `row`, at most as many as a vector has lanes.
struct HadamardSpan {
  std::int64_t row = 0;
  std::int64_t first = 0;
  std::int64_t count = 0;
  const std::uint32_t* sign_rows = nullptr;  // of H_q or its transpose; null for q = 1
  bool stream = false;                       // y is larger than the caches: write past them
};

// One instruction set's kernels.
struct HadamardSimd {
  int lanes;
  void (*along_row)(const HadamardProblem&, const HadamardSpan&);
  void (*across_rows)(const HadamardProblem&, const HadamardSpan&);
  // Heads first ... first + count - 1 of a token, rotated, side by side.
  void (*rotate)(const RotaryProblem&, std::int64_t token, std::int64_t first, std::int64_t count,
                 float* out);
};

namespace simd {
const HadamardSimd& hadamard_scalar();
const HadamardSimd& hadamard_avx2();
const HadamardSimd& hadamard_avx512();
}  // namespace simd

// The most elements that a kernel keeps in the f32 memory on its stack.
inline constexpr std::int64_t largest_span = core::max_hadamard_size;

// Adjacent elements to adjacent elements of the same type, nothing asked of the values on the way.
inline bool rounds_only(const HadamardProblem& p) {
  return p.kind == core::CodeKind::none && p.amax == nullptr && p.y_dtype == p.x_dtype &&
         p.x_strides.element == 1 && p.y_strides.element == 1;
}

// Dense rows without anything of their own are one row of as many pieces; others stay.
HadamardProblem as_one_row(const HadamardProblem& problem);
// The rows of H_q or its transpose for HadamardSpan.
const std::uint32_t* sign_rows_of(const HadamardProblem& problem);

// Divide the problem into spans and run them on the threads.
void run_along_rows(const HadamardProblem& problem, const HadamardSimd& simd);
void run_across_rows(const HadamardProblem& problem, const HadamardSimd& simd);

}  // namespace halfbyte::cpu
