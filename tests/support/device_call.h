// One checked call of linear() on any device: poisoned y and workspace between guard zones.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "halfbyte/halfbyte.h"

namespace halfbyte::test {

// Device memory of exactly `bytes`, filled with 0xFF, between zones that must not change.
class GuardedDeviceMemory {
 public:
  GuardedDeviceMemory(Device device, std::size_t bytes)
      : bytes_(bytes), image_(2 * zone + bytes, std::byte{0xFF}), memory_(device, image_.size()) {
    std::memset(image_.data(), 0xC5, zone);
    std::memset(image_.data() + zone + bytes, 0xC5, zone);
    copy_memory(memory_.data(), device, image_.data(), {}, image_.size());
  }
  std::byte* data() const { return static_cast<std::byte*>(memory_.data()) + zone; }
  // The contents; a test failure where something was written outside.
  std::vector<std::byte> read() {
    copy_memory(image_.data(), {}, memory_.data(), memory_.device(), image_.size());
    for (std::size_t i = 0; i < zone; ++i) {
      EXPECT_EQ(image_[i], std::byte{0xC5}) << "written before the memory";
      EXPECT_EQ(image_[zone + bytes_ + i], std::byte{0xC5}) << "written behind the memory";
    }
    return {image_.begin() + zone, image_.end() - zone};
  }

 private:
  static constexpr std::ptrdiff_t zone = 256;
  std::size_t bytes_;
  std::vector<std::byte> image_;
  DeviceMemory memory_;
};

inline DeviceMemory upload(const void* data, std::size_t bytes, Device device) {
  DeviceMemory memory(device, bytes);
  copy_memory(memory.data(), device, data, {}, bytes);
  return memory;
}

// x and bias are on the device; returns y's bytes (rows of n, dense).
inline std::vector<std::byte> run_on_device(const TensorView& x, const PackedWeight& w, DType out,
                                            LinearOptions options) {
  const std::int64_t m = x.shape[0];
  GuardedDeviceMemory y(w.device(), static_cast<std::size_t>(m * w.n()) * size_of(out));
  const auto view = TensorView::matrix(y.data(), out, m, w.n(), -1, w.device());
  const std::size_t needed = linear_workspace_size(x, w, view, options);
  GuardedDeviceMemory scratch(w.device(), needed);
  options.workspace = scratch.data();
  options.workspace_bytes = needed;
  linear(x, w, view, options);
  synchronize(w.device());
  (void)scratch.read();
  return y.read();
}

}  // namespace halfbyte::test
