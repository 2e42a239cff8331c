// A Variant as a row of the list of instances.
#pragma once

#include <algorithm>
#include <array>

#include "cuda/w4a16/instance.h"
#include "cuda/w4a16/kernel.cuh"

namespace halfbyte::cuda::w4a16 {

template <class V>
constexpr Instance instance_of() {
  return {.slabs = V::slabs,
          .octets = V::octets,
          .stages = V::stages,
          .segments = V::segments,
          .max_warps = V::max_warps,
          .meeting = V::meeting,
          .dtype = V::Number::dtype,
          .resident_warps = V::max_warps * V::resident,
          .kernel = w4a16_kernel<V>,
          .shared_bytes = [](int warps) { return V::shared_bytes(warps); }};
}

template <std::size_t a, std::size_t b>
constexpr std::array<Instance, a + b> joined(const std::array<Instance, a>& first,
                                             const std::array<Instance, b>& second) {
  std::array<Instance, a + b> both{};
  std::copy(first.begin(), first.end(), both.begin());
  std::copy(second.begin(), second.end(), both.begin() + a);
  return both;
}

// One tile width for up to 8 and up to 16 rows of x, of both types: what a format that is not the
// common one gets. Scales may change every 32 k.
template <class Format, int slabs, XPath x_path, Weights weights>
inline constexpr std::array small_list{
    instance_of<Variant<F16, Format, slabs, 1, 4, 2, x_path, weights, 8>>(),
    instance_of<Variant<F16, Format, slabs, 2, 4, 2, x_path, weights, 8>>(),
    instance_of<Variant<BF16, Format, slabs, 1, 4, 2, x_path, weights, 8>>(),
    instance_of<Variant<BF16, Format, slabs, 2, 4, 2, x_path, weights, 8>>(),
    instance_of<Variant<F16, Format, slabs, 2, 4, 2, x_path, weights, 8, Meeting::atomic>>(),
    instance_of<Variant<BF16, Format, slabs, 2, 4, 2, x_path, weights, 8, Meeting::atomic>>(),
};

}  // namespace halfbyte::cuda::w4a16
