// The backends of this build: a line for each.
#include "ops/kernel.h"

#include <array>
#include <string>

#include "cpu/backend.h"
#include "cpu/n16.h"
#include "halfbyte/error.h"
#ifdef HALFBYTE_WITH_CUDA
#include "cuda/backend.h"
#endif

namespace halfbyte {
namespace {

constexpr std::array all{
    Backend{DeviceType::cpu, "cpu", cpu::linear_kernels, cpu::hadamard_kernels, cpu::rotary_kernels,
            cpu::device_info, cpu::pack_n16, cpu::unpack_n16, cpu::memory_calls},
#ifdef HALFBYTE_WITH_CUDA
    Backend{DeviceType::cuda, "cuda", cuda::linear_kernels, cuda::hadamard_kernels,
            cuda::rotary_kernels, cuda::device_info, cuda::pack, cuda::unpack, cuda::memory_calls},
#endif
};

}  // namespace

std::span<const Backend> backends() { return all; }

const Backend& backend_for(DeviceType device, std::string_view function) {
  for (const Backend& backend : all) {
    if (backend.device == device) return backend;
  }
  throw Error(ErrorCode::unsupported, {.function = std::string(function),
                                       .argument = "device",
                                       .got = "cuda",
                                       .wanted = "cpu: this build has no CUDA backend",
                                       .advice = "configure with -DHALFBYTE_CUDA=ON"});
}

const DeviceInfo& device_info(Device device) {
  return backend_for(device.type, "device_info").device_info(device.index);
}

}  // namespace halfbyte
