// What the Hadamard kernels get: plain data, passed by value.
#pragma once

#include <cstdint>

#include "core/hadamard/quantize.h"
#include "core/hadamard/vectors.h"

namespace halfbyte::cuda::hadamard {

// What a kernel makes of its sums: values in x's type, codes of a given scale, or also scales, and
// amax. The last take registers and instructions, which the others would wait for.
enum class Output { values, given, any };

struct Args {
  const void* x;
  void* y;
  core::hadamard::Vectors vectors;
  core::hadamard::RowSteps x_steps, y_steps;  // of y in elements; a 4-bit one is half a byte
  int log2_n;                                 // of a piece
  float factor;                               // the scale times n: sums come divided by n
  const std::int8_t* signs_before;            // a row of them, 8-byte aligned, or null
  const std::int8_t* signs_after;
  core::CodeKind kind;
  int log2_group;  // elements that share a computed scale; -1: scales[0] is given
  float* scales;
  float* amax;
  int ahead;  // blocks (clusters) that the GPU holds: what follows one on its SM is so many later
};

}  // namespace halfbyte::cuda::hadamard
