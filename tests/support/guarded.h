// Memory that tells on a kernel: filled with NaN, with a canary on both sides.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "halfbyte/tensor.h"

namespace halfbyte::test {

class Guarded {
 public:
  explicit Guarded(std::size_t bytes)
      : bytes_(bytes), memory_(bytes + 2 * margin, std::byte{0xFF}) {
    std::memset(memory_.data(), canary, margin);
    std::memset(memory_.data() + margin + bytes, canary, margin);
  }
  std::byte* data() { return memory_.data() + margin; }
  std::size_t size() const { return bytes_; }
  bool intact() const {
    for (std::size_t i = 0; i < margin; ++i) {
      if (memory_[i] != std::byte{canary} || memory_[margin + bytes_ + i] != std::byte{canary}) {
        return false;
      }
    }
    return true;
  }
  bool untouched() const {
    for (std::size_t i = 0; i < bytes_; ++i) {
      if (memory_[margin + i] != std::byte{0xFF}) return false;
    }
    return intact();
  }

 private:
  static constexpr std::size_t margin = 128;
  static constexpr unsigned char canary = 0xC5;
  std::size_t bytes_;
  std::vector<std::byte> memory_;
};

}  // namespace halfbyte::test
