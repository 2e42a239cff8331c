// The one function that every CUDA status passes through.
#pragma once

#include <cuda_runtime_api.h>

#include <string_view>

#include "halfbyte/error.h"

namespace halfbyte::cuda {

// The library's code for a CUDA status other than success.
ErrorCode error_code(cudaError_t status);

// Throws unless `status` is success. `function` is the public function, `call` the CUDA call, e.g.
// "cudaMemcpyAsync".
void check(cudaError_t status, std::string_view function, std::string_view call);

}  // namespace halfbyte::cuda
