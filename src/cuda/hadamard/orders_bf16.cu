// Pieces of q 2^p elements of bf16.
#include <array>

#include "cuda/hadamard/order.cuh"

namespace halfbyte::cuda::hadamard {
namespace {

template <int most_tiles, bool one_rounding, bool full>
constexpr OrderInstance order() {
  using K = Order<BFloatNumber, most_tiles, one_rounding, full>;
  return {.dtype = K::Number::dtype,
          .most_tiles = most_tiles,
          .chunk = K::chunk,
          .one_rounding = one_rounding,
          .full = full,
          .most_warps = K::most_warps,
          .kernel = order_kernel<K>};
}

constexpr std::array orders{
    order<2, true, false>(),  order<4, true, false>(),  order<11, true, false>(),
    order<2, false, false>(), order<4, false, false>(), order<11, false, false>(),
    order<2, true, true>(),   order<4, true, true>(),   order<11, true, true>()};

}  // namespace

std::span<const OrderInstance> orders_bf16() { return orders; }

}  // namespace halfbyte::cuda::hadamard
