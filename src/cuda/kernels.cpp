// The CUDA backend's rows. A kernel family adds its rows here and nowhere else.
#include "cuda/backend.h"

namespace halfbyte::cuda {

std::span<const LinearKernel> linear_kernels() { return {}; }

}  // namespace halfbyte::cuda
