// What is compiled: a list of instances, one file of them per format and type of x.
#pragma once

#include <algorithm>
#include <span>

#include "cuda/w4a16/args.h"
#include "cuda/w4a16/variant.h"
#include "halfbyte/linear.h"

namespace halfbyte::cuda::w4a16 {

struct Instance {
  int slabs, octets, stages, segments, max_warps;
  Meeting meeting;
  DType dtype;
  int resident_warps;  // that an SM's registers surely hold
  void (*kernel)(Args);
  std::size_t (*shared_bytes)(int warps);

  int tile_m() const { return 8 * octets; }
  int tile_n() const { return 16 * slabs; }
};

// An item, its tile and a flag, rounded up (kernel.cuh, reduce.cuh): beside the dynamic memory.
inline constexpr std::size_t static_shared_bytes = 128;

inline bool fits_shared_memory(const Instance& instance, int warps, std::size_t per_block) {
  return instance.shared_bytes(warps) + static_shared_bytes <= per_block;
}

// Thread blocks of `warps` warps that an SM holds at once.
inline std::int64_t resident_blocks(const Instance& instance, int warps,
                                    std::size_t shared_memory_per_sm) {
  const std::size_t shared = instance.shared_bytes(warps) + 1024;  // 1 KB of the system's own
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(shared_memory_per_sm / shared), 1,
                                  std::max(1, instance.resident_warps / warps));
}

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
