// A float's bits, on the host and on the device (std::bit_cast is the host's alone).
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core {

HB_HD constexpr std::uint32_t bits_of(float value) {
  return __builtin_bit_cast(std::uint32_t, value);
}
HB_HD constexpr float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

}  // namespace halfbyte::core
