// A kernel is a row in a table. The planner asks the rows in order and takes the one it predicts to
// be fastest among those that reject nothing; nothing else in the library names a kernel.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "halfbyte/linear.h"
#include "ops/device.h"
#include "ops/hadamard_kernel.h"
#include "ops/rotary_kernel.h"

namespace halfbyte {

// One checked call of linear().
struct LinearProblem {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  TensorView x{};     // (m, k)
  TensorView y{};     // (m, n)
  TensorView bias{};  // (n,), or no data
  const PackedWeight* w = nullptr;
  void* stream = nullptr;
  bool overlaps = true;  // LinearOptions
};

struct LinearKernel {
  std::string_view name;  // "cpu/avx2/digits"
  std::string_view description;
  DeviceType device;
  WeightRounding rounding;

  // Why this machine can never run it; empty when it can. Reasons are literals: planning a call
  // allocates nothing.
  std::string_view (*unavailable)(const DeviceInfo&);
  // Why it cannot run this problem with this configuration; empty when it can.
  std::string_view (*reject)(const LinearProblem&, const GemmConfig&, const DeviceInfo&);
  // Every configuration that is compiled, and every schedule it may run under. The planner combines
  // them and fills in the split.
  std::span<const GemmConfig> menu;
  std::span<const Schedule> schedules;
  // Microseconds, for ranking.
  double (*predict)(const LinearProblem&, const GemmConfig&, const DeviceInfo&);
  // Scratch bytes that run() needs: exact.
  std::size_t (*workspace)(const LinearProblem&, const GemmConfig&);
  // Workers (thread blocks, tasks) that run() starts.
  std::int64_t (*workers)(const LinearProblem&, const GemmConfig&);
  // Computes y. `workspace` has the size that workspace() named and any content.
  void (*run)(const LinearProblem&, const GemmConfig&, void* workspace);
};

// What DeviceMemory and copy_memory need of a backend. `index` is the device's; the owner of a copy
// is a device of this backend, the other side may be the host's memory or another of its devices.
struct MemoryCalls {
  void* (*allocate)(int index, std::size_t bytes);  // 256-byte aligned; throws E_OOM
  void (*release)(int index, void* memory) noexcept;
  void (*copy)(int index, void* to, const void* from, std::size_t bytes);  // done when it returns
  void (*synchronize)(int index);
};

// A backend: a folder, and a row in backends.cpp.
struct Backend {
  DeviceType device;
  std::string_view name;
  std::span<const LinearKernel> (*linear_kernels)();
  std::span<const HadamardKernel> (*hadamard_kernels)();
  std::span<const RotaryKernel> (*rotary_kernels)();
  const DeviceInfo& (*device_info)(int index);
  PackedWeight (*pack)(const QuantizedWeight&, int index);
  QuantizedWeight (*unpack)(const PackedWeight&);
  const MemoryCalls& (*memory)();
};

// Every backend of this build, the CPU's first.
std::span<const Backend> backends();
// Throws E_UNSUPPORTED when this build has none for the device.
const Backend& backend_for(DeviceType device, std::string_view function);

}  // namespace halfbyte
