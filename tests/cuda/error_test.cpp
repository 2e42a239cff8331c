// The one function that CUDA statuses pass through. Runs without a GPU.
#include "cuda/error.h"

#include <gtest/gtest.h>

#include <utility>

namespace halfbyte::cuda {
namespace {

TEST(CudaError, SuccessPasses) { EXPECT_NO_THROW(check(cudaSuccess, "linear", "cudaMemcpy")); }

TEST(CudaError, StatusesMapToCodes) {
  const std::pair<cudaError_t, ErrorCode> rows[] = {
      {cudaErrorMemoryAllocation, ErrorCode::oom},
      {cudaErrorNoDevice, ErrorCode::no_gpu},
      {cudaErrorInsufficientDriver, ErrorCode::driver},
      {cudaErrorInvalidDevice, ErrorCode::device},
      {cudaErrorNoKernelImageForDevice, ErrorCode::arch},
      {cudaErrorStreamCaptureUnsupported, ErrorCode::capture},
      {cudaErrorStreamCaptureWrongThread, ErrorCode::capture},
      {cudaErrorInvalidValue, ErrorCode::arg},
      {cudaErrorIllegalAddress, ErrorCode::cuda_sticky},
      {cudaErrorLaunchFailure, ErrorCode::cuda_sticky},
      {cudaErrorUnknown, ErrorCode::cuda_sticky},
  };
  for (const auto& [status, code] : rows) {
    EXPECT_EQ(error_code(status), code) << cudaGetErrorName(status);
  }
}

TEST(CudaError, NamesTheCallAndTheStatus) {
  try {
    check(cudaErrorIllegalAddress, "linear", "cudaMemcpyAsync");
    FAIL() << "an error passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cuda_sticky);
    EXPECT_EQ(error.detail().function, "linear");
    EXPECT_EQ(error.detail().argument, "cudaMemcpyAsync");
    EXPECT_NE(error.detail().got.find("cudaErrorIllegalAddress"), std::string::npos);
    EXPECT_FALSE(error.detail().advice.empty());
  }
}

TEST(CudaError, OldDriverSaysHaveAndNeed) {
  int have = 0;
  const bool has_driver = cudaDriverGetVersion(&have) == cudaSuccess && have > 0;
  try {
    check(cudaErrorInsufficientDriver, "device_info", "cudaGetDeviceCount");
    FAIL() << "an error passed";
  } catch (const Error& error) {
    // Without any driver CUDA gives the same status: the person needs a GPU, not an update.
    EXPECT_EQ(error.code(), has_driver ? ErrorCode::driver : ErrorCode::no_gpu);
    EXPECT_FALSE(error.detail().got.empty());
    EXPECT_FALSE(error.detail().wanted.empty());
  }
}

}  // namespace
}  // namespace halfbyte::cuda
