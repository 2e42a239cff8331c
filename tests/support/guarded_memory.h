// Device memory that tells on a kernel: filled with NaN, between zones that must not change.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "halfbyte/device_memory.h"

namespace halfbyte::test {

class GuardedMemory {
 public:
  GuardedMemory(Device device, std::size_t bytes)
      : bytes_(bytes), image_(2 * zone + bytes, std::byte{0xFF}), memory_(device, image_.size()) {
    std::memset(image_.data(), canary, zone);
    std::memset(image_.data() + zone + bytes, canary, zone);
    poison();
  }
  std::byte* data() const { return static_cast<std::byte*>(memory_.data()) + zone; }
  std::size_t size() const { return bytes_; }
  // NaN again, as at first.
  void poison() { copy_memory(memory_.data(), memory_.device(), image_.data(), {}, image_.size()); }
  // The contents; a test failure where something was written outside.
  std::vector<std::byte> read() const {
    std::vector<std::byte> now(image_.size());
    copy_memory(now.data(), {}, memory_.data(), memory_.device(), now.size());
    EXPECT_EQ(std::memcmp(now.data(), image_.data(), zone), 0) << "written before the memory";
    EXPECT_EQ(std::memcmp(&now[zone + bytes_], &image_[zone + bytes_], zone), 0)
        << "written behind the memory";
    return {now.begin() + zone, now.end() - zone};
  }

 private:
  static constexpr std::ptrdiff_t zone = 256;
  static constexpr unsigned char canary = 0xC5;
  std::size_t bytes_;
  std::vector<std::byte> image_;
  DeviceMemory memory_;
};

}  // namespace halfbyte::test
