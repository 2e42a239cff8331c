// Panels of bf16.
#include "cuda/hadamard/panel_instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const PanelInstance> panels_bf16() { return all_panels<BFloatNumber>; }

}  // namespace halfbyte::cuda::hadamard
