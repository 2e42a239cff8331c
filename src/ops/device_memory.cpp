// DeviceMemory, copy_memory, synchronize: by way of the backend's row.
#include "halfbyte/device_memory.h"

#include <utility>

#include "ops/check.h"
#include "ops/kernel.h"

namespace halfbyte {

DeviceMemory::DeviceMemory(Device device, std::size_t bytes) : size_(bytes), device_(device) {
  const Backend& backend = backend_for(device.type, "DeviceMemory");
  (void)backend.device_info(device.index);  // no bytes on a device that is not there are an error
  if (bytes > 0) data_ = backend.memory().allocate(device.index, bytes);
}

DeviceMemory::DeviceMemory(DeviceMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      device_(std::exchange(other.device_, Device{})) {}

DeviceMemory& DeviceMemory::operator=(DeviceMemory&& other) noexcept {
  if (this == &other) return *this;
  reset();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  device_ = std::exchange(other.device_, Device{});
  return *this;
}

void DeviceMemory::reset() noexcept {
  if (data_ == nullptr) return;
  for (const Backend& backend : backends()) {
    if (backend.device == device_.type) backend.memory().release(device_.index, data_);
  }
  data_ = nullptr;
}

void copy_memory(void* to, Device to_device, const void* from, Device from_device,
                 std::size_t bytes) {
  for (const Device device : {to_device, from_device}) {
    (void)backend_for(device.type, "copy_memory").device_info(device.index);
  }
  if (bytes == 0) return;
  if (to == nullptr || from == nullptr) {
    ArgumentCheck{"copy_memory", to == nullptr ? "to" : "from"}.fail(
        ErrorCode::arg, "a null pointer", "memory of " + std::to_string(bytes) + " bytes");
  }
  // A GPU's backend knows of the host's memory, not the other way round.
  const Device owner = to_device.type == DeviceType::cpu ? from_device : to_device;
  backend_for(owner.type, "copy_memory").memory().copy(owner.index, to, from, bytes);
}

void synchronize(Device device) {
  const Backend& backend = backend_for(device.type, "synchronize");
  (void)backend.device_info(device.index);
  backend.memory().synchronize(device.index);
}

}  // namespace halfbyte
