// What the backend's host code uses of the CUDA runtime, without a GPU: there is one device, 0.
#pragma once

#include <cstddef>

#include "simt.h"

enum cudaError_t { cudaSuccess };
using cudaStream_t = void*;
using dim3 = simt::Dim;
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };

inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaSuccess; }
