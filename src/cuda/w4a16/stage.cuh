// A stage: what a warp needs for one block of 64 k, brought by asynchronous copies into a ring of
// its own. Codes and x are copied by the lane that will read them, so that a lane waits for its own
// copies only; scales and zeros are shared by the warp, hence the __syncwarp after the wait.
//
//   [ codes: slab, vector, lane x 16 B | x: octet, half, lane x 16 B | scales: part, g | zeros ]
//
// A part is what one row of 64 columns holds for one segment of 32 or 64 k.
#pragma once

#include "cuda/ptx.cuh"
#include "cuda/w4a16/variant.h"

namespace halfbyte::cuda::w4a16 {

// Addresses are of shared memory: 32 bits, of which the compiler keeps one register a stage and
// puts the rest into the instruction.
template <class V>
struct Stage {
  std::uint32_t base_s;

  __device__ std::uint32_t codes(int slab, int vector, int lane) const {
    return base_s + (slab * V::vectors + vector) * 512 + lane * 16;
  }
  __device__ std::uint32_t x(int octet, int half, int lane) const {
    return base_s + V::codes_bytes + (octet * 2 + half) * 512 + lane * 16;
  }
  __device__ std::uint32_t scales(int part) const {
    return base_s + V::codes_bytes + V::x_bytes + part * V::scale_part_bytes;
  }
  __device__ std::uint32_t zeros(int part) const {
    return base_s + V::codes_bytes + V::x_bytes + V::scales_bytes + part * V::zero_part_bytes;
  }
};

// A warp's ring of stages, walked in turn.
template <class V>
struct Ring {
  std::uint32_t base_s;
  std::uint32_t offset = 0;  // of the stage in turn

  __device__ Stage<V> stage() const { return {base_s + offset}; }
  __device__ void advance() {
    offset = offset == (V::stages - 1) * V::stage_bytes ? 0 : offset + V::stage_bytes;
  }
};

}  // namespace halfbyte::cuda::w4a16
