// What is compiled of the tensor-core kernels: lists of instances, a file of them per type of x.
#pragma once

#include <cstdint>
#include <span>

#include "cuda/hadamard/args.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cuda::hadamard {

struct Instance {
  DType dtype;
  int log2_n;         // of a row kernel's rows; 0: any piece that fits
  int tiles;          // of a warp
  bool one_rounding;  // else fast
  Output output;
  bool full;          // also gaps between rows and signs, which row kernels always take
  int threads;        // of a block
  int vectors;        // that a block, or a cluster, handles in one round
  int blocks_per_sm;  // by registers
  int shared_bytes;   // dynamic
  int cluster;        // blocks that share a row; 1: no cluster
  bool stays;         // blocks take several rounds
  void (*kernel)(Args);
};

std::span<const Instance> in_registers_f16();
std::span<const Instance> in_registers_bf16();
std::span<const Instance> rows_f16();
std::span<const Instance> rows_bf16();
std::span<const Instance> spread_rows_f16();
std::span<const Instance> spread_rows_bf16();

}  // namespace halfbyte::cuda::hadamard
