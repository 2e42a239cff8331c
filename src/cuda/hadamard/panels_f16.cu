// Panels of f16.
#include "cuda/hadamard/panel_instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const PanelInstance> panels_f16() { return all_panels<HalfNumber>; }

}  // namespace halfbyte::cuda::hadamard
