// Pieces of q 2^p elements of f16.
#include <array>

#include "cuda/hadamard/order.cuh"

namespace halfbyte::cuda::hadamard {
namespace {

template <int most_tiles, bool one_rounding>
constexpr OrderInstance order() {
  using K = Order<HalfNumber, most_tiles, one_rounding>;
  return {K::Number::dtype, most_tiles, one_rounding, K::blocks_per_sm, order_kernel<K>};
}

constexpr std::array orders{order<2, true>(),  order<4, true>(),  order<11, true>(),
                            order<2, false>(), order<4, false>(), order<11, false>()};

}  // namespace

std::span<const OrderInstance> orders_f16() { return orders; }

}  // namespace halfbyte::cuda::hadamard
