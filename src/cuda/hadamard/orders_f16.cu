// Pieces of q 2^p elements of f16.
#include "cuda/hadamard/order_instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const OrderInstance> orders_f16() { return all_orders<HalfNumber>; }

}  // namespace halfbyte::cuda::hadamard
