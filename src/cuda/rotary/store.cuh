// Finished values of a head into y: rounded, or as codes under a scale that is given or made here.
// Stores are streaming ones: loads that pass L1 want them (a copy on an H200: 68.0 us, then 64.8).
#pragma once

#include <cstdint>

#include "cuda/hadamard/codes.cuh"
#include "cuda/rotary/load.cuh"

namespace halfbyte::cuda::rotary {

// The lane's largest |value|, by its bits.
template <class K>
__device__ std::uint32_t largest_of(const Values<K>& v_r) {
  std::uint32_t largest = 0;
#pragma unroll
  for (int i = 0; i < 8 * K::slots; ++i) {
    largest = max(largest, hadamard::magnitude_bits(v_r[i / 8][i % 8]));
  }
  return largest;
}

// Eight values of a chunk in y, at `first` in elements; as codes they are multiplied by `inverse`.
template <class K, core::CodeKind kind>
__device__ void store_chunk(const Args& a, std::int64_t first, float inverse, float (&v_r)[8]) {
  using Number = typename K::Number;
  if constexpr (kind == core::CodeKind::none) {
    auto* const y_g = static_cast<std::uint16_t*>(a.y) + first;
    std::uint32_t words[4];
#pragma unroll
    for (int w = 0; w < 4; ++w) words[w] = Number::pair(v_r[2 * w], v_r[2 * w + 1]);
    if constexpr (K::vectors) {
      __stcs(reinterpret_cast<uint4*>(y_g), uint4{words[0], words[1], words[2], words[3]});
    } else {
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        y_g[e * a.y_steps.element] = static_cast<std::uint16_t>(words[e / 2] >> (16 * (e % 2)));
      }
    }
  } else {
    auto* const y_g = static_cast<std::uint8_t*>(a.y) + first;
#pragma unroll
    for (int e = 0; e < 8; ++e) v_r[e] *= inverse;
    const std::uint32_t words[2] = {hadamard::four_codes(kind, v_r[0], v_r[1], v_r[2], v_r[3]),
                                    hadamard::four_codes(kind, v_r[4], v_r[5], v_r[6], v_r[7])};
    if constexpr (K::vectors) {
      __stcs(reinterpret_cast<uint2*>(y_g), uint2{words[0], words[1]});
    } else {
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        y_g[e * a.y_steps.element] = static_cast<std::uint8_t>(words[e / 4] >> (8 * (e % 4)));
      }
    }
  }
}

// The largest |value| of every head becomes its scale, which goes to memory at `row`.
template <class K>
__device__ float make_scale(const Args& a, const Place& at, std::int64_t row, bool has_head,
                            core::CodeKind kind, std::uint32_t largest) {
  for (int bit = 0; bit < K::log2_lanes(a); ++bit) {
    largest = max(largest, __shfl_xor_sync(0xFFFFFFFFU, largest, 1 << bit));
  }
  const float scale = core::scale_for(__uint_as_float(largest), kind);
  if (has_head && at.element == 0) a.scales[row] = scale;
  return scale;
}

template <class K, core::CodeKind kind>
__device__ void store_head(const Args& a, const Place& at, std::int64_t token, int head,
                           bool has_head, std::uint32_t largest, Values<K>& v_r) {
  float inverse = 1;
  if constexpr (kind != core::CodeKind::none) {
    const float scale = a.scale_of_head ? make_scale<K>(a, at, token * a.items.heads + head,
                                                        has_head, kind, largest)
                                        : __ldg(a.scales);
    inverse = 1 / scale;
  }
  if (!has_head || !at.has_chunk()) return;
  const std::int64_t first = token * a.y_steps.token + head * a.y_steps.head;
#pragma unroll
  for (int s = 0; s < K::slots; ++s) {
    const int element = at.element + s * (K::head_dim(a) / 2);
    store_chunk<K, kind>(a, first + element * K::step(a.y_steps), inverse, v_r[s]);
  }
}

}  // namespace halfbyte::cuda::rotary
