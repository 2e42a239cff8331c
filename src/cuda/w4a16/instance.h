// What is compiled: a list of instances, one file of them per format and type of x.
#pragma once

#include <span>

#include "cuda/w4a16/args.h"
#include "cuda/w4a16/variant.h"
#include "halfbyte/linear.h"

namespace halfbyte::cuda::w4a16 {

struct Instance {
  int slabs, octets, stages, segments, max_warps;
  Meeting meeting;
  DType dtype;
  void (*kernel)(Args);
  std::size_t (*shared_bytes)(int warps);

  int tile_m() const { return 8 * octets; }
  int tile_n() const { return 16 * slabs; }
};

std::span<const Instance> u4_instances();
std::span<const Instance> u4_atomic_instances();
std::span<const Instance> u4_gathered_instances();
std::span<const Instance> u8_instances();
std::span<const Instance> u8_gathered_instances();
std::span<const Instance> e2m1_instances();
std::span<const Instance> e2m1_gathered_instances();
std::span<const Instance> u4_offset_instances();
std::span<const Instance> u8_offset_instances();

}  // namespace halfbyte::cuda::w4a16
