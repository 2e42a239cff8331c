// Operands of a call, brought to its device and back.
#pragma once

#include <cstddef>
#include <span>

#include "halfbyte/device_memory.h"

namespace halfbyte::bench {

inline DeviceMemory copy_to(Device device, std::span<const std::byte> bytes) {
  DeviceMemory memory(device, bytes.size());
  copy_memory(memory.data(), device, bytes.data(), Device{}, bytes.size());
  return memory;
}

inline void copy_back(std::span<std::byte> to, const DeviceMemory& from) {
  copy_memory(to.data(), Device{}, from.data(), from.device(), to.size());
}

}  // namespace halfbyte::bench
