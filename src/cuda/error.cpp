#include "cuda/error.h"

#include <string>

namespace halfbyte::cuda {
namespace {

// "13.0" for CUDA's 13000.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Versions that the driver and this build's runtime speak. No driver at all reads 0.
int driver_version() {
  int version = 0;
  return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

Error no_gpu(std::string_view function, std::string got) {
  return Error(ErrorCode::no_gpu,
               {.function = std::string(function),
                .argument = "device",
                .got = std::move(got),
                .wanted = "an NVIDIA GPU that this process may use",
                .advice = "use the CPU, or check nvidia-smi and CUDA_VISIBLE_DEVICES"});
}

Error old_driver(std::string_view function, int have) {
  return Error(ErrorCode::driver,
               {.function = std::string(function),
                .argument = "driver",
                .got = "a driver for CUDA " + version_text(have),
                .wanted = "one for CUDA " + version_text(CUDART_VERSION) + " or newer",
                .advice = "update the NVIDIA driver, or use the CPU"});
}

std::string advice_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::oom:
      return "free GPU memory or use a smaller layer";
    case ErrorCode::arch:
      return "this build has code for compute capability 8.0 and newer";
    case ErrorCode::capture:
      return "call outside a stream capture first";
    case ErrorCode::cuda_sticky:
      return "an earlier kernel or copy failed; the process must be restarted to use this GPU";
    default:
      return "";
  }
}

}  // namespace

ErrorCode error_code(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
      return ErrorCode::no_gpu;
    case cudaErrorInsufficientDriver:
    case cudaErrorCallRequiresNewerDriver:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorSystemDriverMismatch:
      return ErrorCode::driver;
    case cudaErrorInvalidDevice:
      return ErrorCode::device;
    case cudaErrorMemoryAllocation:
      return ErrorCode::oom;
    case cudaErrorNoKernelImageForDevice:
      return ErrorCode::arch;
    case cudaErrorInvalidResourceHandle:
      return ErrorCode::handle;
    case cudaErrorInvalidValue:
    case cudaErrorInvalidDevicePointer:
    case cudaErrorInvalidConfiguration:
      return ErrorCode::arg;
    case cudaErrorNotReady:
    case cudaErrorDevicesUnavailable:
      return ErrorCode::busy;
    case cudaErrorNotSupported:
      return ErrorCode::unsupported;
    default:
      break;
  }
  if (status >= cudaErrorStreamCaptureUnsupported && status <= cudaErrorStreamCaptureWrongThread) {
    return ErrorCode::capture;
  }
  return ErrorCode::cuda_sticky;
}

void check(cudaError_t status, std::string_view function, std::string_view call) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // an error that is reported must not be blamed on the next call too
  ErrorCode code = error_code(status);
  if (code == ErrorCode::no_gpu) throw no_gpu(function, "none");
  if (code == ErrorCode::driver) {
    // A machine without any driver answers "driver too old" as well.
    if (driver_version() == 0) throw no_gpu(function, "no NVIDIA driver");
    throw old_driver(function, driver_version());
  }
  throw Error(
      code, {.function = std::string(function),
             .argument = std::string(call),
             .got = std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")",
             .wanted = "cudaSuccess",
             .advice = advice_for(code)});
}

}  // namespace halfbyte::cuda
