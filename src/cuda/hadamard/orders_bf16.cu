// Pieces of q 2^p elements of bf16.
#include "cuda/hadamard/order_instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const OrderInstance> orders_bf16() { return all_orders<BFloatNumber>; }

}  // namespace halfbyte::cuda::hadamard
