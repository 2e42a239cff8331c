// Facts about the GPUs of this process, read once. Plain C++: it calls the runtime, it has no
// kernel.
#include <cuda_runtime_api.h>

#include <array>
#include <string>
#include <vector>

#include "cuda/backend.h"
#include "cuda/error.h"

namespace halfbyte::cuda {
namespace {

constexpr std::string_view function = "device_info";

// fp32 multiply-adds that an SM starts a clock (CUDA C++ Programming Guide, "Arithmetic
// Instructions", throughput of native arithmetic instructions).
struct FmaRow {
  int compute_capability;
  int per_sm_and_clock;
};
constexpr std::array<FmaRow, 6> fma_rows{
    {{80, 64}, {86, 128}, {87, 128}, {89, 128}, {90, 128}, {100, 128}}};

int fma_per_sm_and_clock(int compute_capability) {
  for (const FmaRow& row : fma_rows) {
    if (row.compute_capability == compute_capability) return row.per_sm_and_clock;
  }
  return 0;  // unknown
}

int attribute(cudaDeviceAttr which, int index) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, index), function, "cudaDeviceGetAttribute");
  return value;
}

DeviceInfo read_device(int index) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), function, "cudaGetDeviceProperties");
  const double memory_khz = attribute(cudaDevAttrMemoryClockRate, index);
  const double bus_bits = attribute(cudaDevAttrGlobalMemoryBusWidth, index);
  const double clock_khz = attribute(cudaDevAttrClockRate, index);

  DeviceInfo info;
  info.device = {DeviceType::cuda, index};
  info.name = properties.name;
  info.workers = properties.multiProcessorCount;
  info.compute_capability = 10 * properties.major + properties.minor;
  info.read_gbps = 2 * memory_khz * bus_bits / 8 * 1e-6;  // double data rate
  info.fma_gmacs = fma_per_sm_and_clock(info.compute_capability) * info.workers * clock_khz * 1e-6;
  info.shared_memory_per_block = properties.sharedMemPerBlockOptin;
  info.shared_memory_per_sm = properties.sharedMemPerMultiprocessor;
  info.l2_bytes = static_cast<std::size_t>(properties.l2CacheSize);
  return info;
}

std::vector<DeviceInfo> read_all() {
  int count = 0;
  check(cudaGetDeviceCount(&count), function, "cudaGetDeviceCount");
  if (count == 0) check(cudaErrorNoDevice, function, "cudaGetDeviceCount");
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; ++i) devices.push_back(read_device(i));
  return devices;
}

}  // namespace

const DeviceInfo& device_info(int index) {
  static const std::vector<DeviceInfo> devices = read_all();  // tried again after it has thrown
  if (index < 0 || static_cast<std::size_t>(index) >= devices.size()) {
    throw Error(ErrorCode::device,
                {.function = std::string(function),
                 .argument = "device",
                 .got = "cuda:" + std::to_string(index),
                 .wanted = "cuda:0 ... cuda:" + std::to_string(devices.size() - 1),
                 .advice = "CUDA_VISIBLE_DEVICES decides which GPUs a process sees"});
  }
  return devices[static_cast<std::size_t>(index)];
}

}  // namespace halfbyte::cuda
