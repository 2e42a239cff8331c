// y = quantise(scale D H D R x) on heads of 8 ... 256 elements, in registers from load to store.
//
//   operands   x, y (tokens, heads, head_dim) f16 or bf16, or codes of 8 bits in y; cos, sin f32
//   a warp     an item (core/hadamard/heads.h): the heads that 32 lanes hold, `steps` times, all
//              of one token, so that its cos and sin are read once, into 16 registers
//
//        token t     | heads 0 ... 3 | heads 4 ... 7 | ..      two slots, head_dim 128: lane l of
//                      step 0          step 1                  a head's 8 holds 8l + e, 64 + 8l + e
//
//   8192 tokens, 32 heads of 128, f16 to e4m3: 96 MB at 4.3 TB/s (H200, copy) 23 us: 46 clocks of
//   an SM, 186 issue slots, for 256 elements; to f16 62 clocks, 248 slots. Instructions of the
//   machine code for sm_90a, heads of 128, halves, without signs, for 256 elements:
//     to f16 155, to e4m3 with a given scale 170, with one of the head 200; 24 (27) are shuffles,
//     which an SM starts once a clock. An item takes 170 more before its first step.
//   in flight  two vectors a lane, loaded a step ahead: 20 warps x 1 KB an SM.
//
// Sums by butterflies in f32, not by mma: what is rotated has 24 bits, and two or three 16-bit
// parts of it on both passes cost as many instructions as the shuffles that they would save.
#pragma once

#include <array>
#include <cstdint>

#include "cuda/hadamard/transform.cuh"
#include "cuda/rotary/instance.h"
#include "cuda/rotary/store.cuh"
#include "cuda/rotary/turn.cuh"

namespace halfbyte::cuda::rotary {

// What follows a head's transform: scale, signs, rounding or codes.
template <class K>
__device__ void finish_head(const Args& a, const Place& at, std::int64_t token, int head,
                            bool has_head, Values<K>& v_r, std::uint32_t& largest) {
  using core::CodeKind;
#pragma unroll
  for (int i = 0; i < 8 * K::slots; ++i) v_r[i / 8][i % 8] *= a.scale;
  flip<K>(a, at, a.signs_after, v_r);
  const std::uint32_t of_head = a.scale_of_head || a.amax != nullptr ? largest_of<K>(v_r) : 0;
  largest = max(largest, of_head);
  // In place: other lanes have loaded what this one is about to overwrite.
  if constexpr (K::slots == 1) __syncwarp();
  if (a.kind == CodeKind::none) {
    store_head<K, CodeKind::none>(a, at, token, head, has_head, of_head, v_r);
  } else if (a.kind == CodeKind::e4m3) {
    store_head<K, CodeKind::e4m3>(a, at, token, head, has_head, of_head, v_r);
  } else if (a.kind == CodeKind::e5m2) {
    store_head<K, CodeKind::e5m2>(a, at, token, head, has_head, of_head, v_r);
  } else {
    store_head<K, CodeKind::int8>(a, at, token, head, has_head, of_head, v_r);
  }
}

template <class K>
__global__ void __launch_bounds__(32 * warps_per_block, blocks_per_sm)
    heads_kernel(const __grid_constant__ Args a) {
  const int lane = threadIdx.x % 32;
  const std::int64_t item =
      static_cast<std::int64_t>(blockIdx.x) * warps_per_block + threadIdx.x / 32;
  const Place at = place_of<K>(a, lane);
  const std::int64_t token = a.per_token.quotient(item);
  const auto item_of_token = static_cast<int>(item - token * a.items.per_token);
  const int end = min(a.items.heads, a.items.first_head(item_of_token + 1));
  const int at_once = 1 << (5 - K::log2_lanes(a));
  int head = a.items.first_head(item_of_token) + at.head;
  const auto* x_g =
      static_cast<const std::uint16_t*>(a.x) + token * a.x_steps.token + head * a.x_steps.head;
  ptx::wait_for_previous_kernel();
  ptx::start_next_kernel();
  if (item >= a.items.count()) return;  // a whole warp

  Words x_r;
  load_head<K>(a, at, x_g, head < end, x_r);
  Angles angles;
  load_angles<K>(a, at, position_of(a, token), angles);
  std::uint32_t largest = 0;
  for (int first = head - at.head; first < end; first += at_once, head += at_once) {
    Values<K> v_r;
    rotate_head<K>(a, x_r, angles, v_r);
    x_g += at_once * a.x_steps.head;
    load_head<K>(a, at, x_g, head + at_once < end, x_r);
    flip<K>(a, at, a.signs_before, v_r);
    transform_head<K>(a, lane, v_r);
    finish_head<K>(a, at, token, head, head < end, v_r, largest);
  }
  if (a.amax != nullptr) hadamard::raise_amax(a.amax, largest, lane);
}

template <class Number, int log2_head, bool vectors>
constexpr Instance heads() {
  return {Number::dtype, log2_head, vectors, heads_kernel<Heads<Number, log2_head, vectors>>};
}

template <class Number>
constexpr std::array all_heads{heads<Number, 6, true>(), heads<Number, 7, true>(),
                               heads<Number, 8, true>(), heads<Number, 0, true>(),
                               heads<Number, 0, false>()};

}  // namespace halfbyte::cuda::rotary
