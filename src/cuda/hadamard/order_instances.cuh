// The kernels of pieces of q 2^p elements of a type of x: one list for every type.
#pragma once

#include <array>

#include "cuda/hadamard/order.cuh"

namespace halfbyte::cuda::hadamard {

template <class Number, int most_tiles, bool one_rounding, bool full>
constexpr OrderInstance order() {
  using K = Order<Number, most_tiles, one_rounding, full>;
  return {.dtype = K::Number::dtype,
          .most_tiles = most_tiles,
          .chunk = K::chunk,
          .one_rounding = one_rounding,
          .full = full,
          .most_warps = K::most_warps,
          .kernel = order_kernel<K>};
}

template <class Number>
constexpr std::array all_orders{order<Number, 2, true, false>(),  order<Number, 4, true, false>(),
                                order<Number, 11, true, false>(), order<Number, 2, false, false>(),
                                order<Number, 4, false, false>(), order<Number, 11, false, false>(),
                                order<Number, 2, true, true>(),   order<Number, 4, true, true>(),
                                order<Number, 11, true, true>()};

}  // namespace halfbyte::cuda::hadamard
