// What is compiled: a list of kernels, a file of them per type of x.
#pragma once

#include <span>

#include "cuda/rotary/args.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cuda::rotary {

struct Instance {
  DType dtype;
  int log2_head;  // two slots a lane: heads of this size, whole; 0: one slot, any head
  bool vectors;   // 16-byte loads and stores; else element by element
  void (*kernel)(Args);

  int slots() const { return log2_head > 0 ? 2 : 1; }
};

inline constexpr int warps_per_block = 4;
inline constexpr int blocks_per_sm = 5;

std::span<const Instance> heads_f16();
std::span<const Instance> heads_bf16();

}  // namespace halfbyte::cuda::rotary
