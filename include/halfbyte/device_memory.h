// Memory on a device, and copies between devices: what a caller without a framework of its own
// needs to call linear() there.
#pragma once

#include <cstddef>

#include "halfbyte/tensor.h"

namespace halfbyte {

// Memory that this object owns: 256-byte aligned, contents unspecified. On the CPU plain host
// memory, on a GPU its own.
class DeviceMemory {
 public:
  DeviceMemory() = default;  // no memory, on the CPU
  // Errors: E_OOM, E_DEVICE (no such device), E_NO_GPU, E_DRIVER, E_UNSUPPORTED (a build without
  // this kind of device).
  DeviceMemory(Device device, std::size_t bytes);
  ~DeviceMemory() { reset(); }
  DeviceMemory(DeviceMemory&& other) noexcept;
  DeviceMemory& operator=(DeviceMemory&& other) noexcept;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  void* data() const { return data_; }  // null without bytes
  std::size_t size() const { return size_; }
  Device device() const { return device_; }

 private:
  void reset() noexcept;
  void* data_ = nullptr;
  std::size_t size_ = 0;
  Device device_{};
};

// Copies between any two devices and returns when it is done. On a GPU it runs on the default
// stream: work on a stream that does not wait for that one must be over before.
// Errors: E_ARG (a null pointer with bytes to copy), E_DEVICE, E_NO_GPU, E_DRIVER, E_UNSUPPORTED,
// E_CAPTURE, E_CUDA_STICKY (earlier work failed).
void copy_memory(void* to, Device to_device, const void* from, Device from_device,
                 std::size_t bytes);

// Returns when all work that was given to the device is done; an error of that work is thrown
// (E_CUDA_STICKY). Nothing to wait for on the CPU.
void synchronize(Device device);

}  // namespace halfbyte
