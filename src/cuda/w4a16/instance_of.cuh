// A Variant as a row of the list of instances.
#pragma once

#include "cuda/w4a16/instance.h"
#include "cuda/w4a16/kernel.cuh"

namespace halfbyte::cuda::w4a16 {

template <class V>
constexpr Instance instance_of() {
  return {V::slabs,        V::octets,
          V::stages,       V::segments,
          V::max_warps,    V::Number::dtype,
          w4a16_kernel<V>, [](int warps) { return V::shared_bytes(warps); }};
}

}  // namespace halfbyte::cuda::w4a16
