// Heads of bf16.
#include "cuda/rotary/heads.cuh"

namespace halfbyte::cuda::rotary {

std::span<const Instance> heads_bf16() { return all_heads<hadamard::BFloatNumber>; }

}  // namespace halfbyte::cuda::rotary
