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

// Multiply-adds that an SM starts a clock. fp32: CUDA C++ Programming Guide, "Arithmetic
// Instructions", throughput of native arithmetic instructions. Matrix instructions, dense fp16:
// peak rates of the data sheets over 2 x SMs x boost clock (A100 312 TFLOPS, H100 989, ...).
struct RateRow {
  int compute_capability;
  int fma, mma;
};
constexpr std::array<RateRow, 6> rate_rows{{{80, 64, 1024},
                                            {86, 128, 512},
                                            {87, 128, 1024},
                                            {89, 128, 512},
                                            {90, 128, 2048},
                                            {100, 128, 4096}}};

RateRow rates_of(int compute_capability) {
  for (const RateRow& row : rate_rows) {
    if (row.compute_capability == compute_capability) return row;
  }
  return {};  // unknown
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
  const RateRow rates = rates_of(info.compute_capability);
  info.fma_gmacs = rates.fma * info.workers * clock_khz * 1e-6;
  info.mma_gmacs = rates.mma * info.workers * clock_khz * 1e-6;
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
