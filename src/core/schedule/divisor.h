// Division by a number that is known before the kernel starts, as one multiplication and one shift.
// A GPU has no integer division: it makes one of about 25 instructions that wait for each other,
// and a kernel of 5 us began with seven of them.
//
// q = (floor(n M / 2^32) + n) / 2^s with s = ceil(log2 d), M = floor(2^32 (2^s - d) / d) + 1
// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994,
// figure 4.1). For numerators and divisors of 31 bits the sum fits 32.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core {

class Divisor {
 public:
  constexpr Divisor() = default;
  // 1 ... 2^31 - 1
  HB_HD constexpr explicit Divisor(std::int32_t divisor)
      : divisor_(static_cast<std::uint32_t>(divisor)) {
    while ((std::uint32_t{1} << shift_) < divisor_) ++shift_;
    const std::uint64_t above = (std::uint64_t{1} << shift_) - divisor_;
    factor_ = static_cast<std::uint32_t>((above << 32) / divisor_ + 1);
  }

  // Of 0 ... 2^31 - 1.
  HB_HD constexpr std::int32_t quotient(std::int32_t numerator) const {
    const auto n = static_cast<std::uint32_t>(numerator);
    const auto high = static_cast<std::uint32_t>(std::uint64_t{n} * factor_ >> 32);
    return static_cast<std::int32_t>((high + n) >> shift_);
  }
  HB_HD constexpr std::int32_t remainder(std::int32_t numerator, std::int32_t its_quotient) const {
    return numerator - its_quotient * static_cast<std::int32_t>(divisor_);
  }
  HB_HD constexpr std::int32_t value() const { return static_cast<std::int32_t>(divisor_); }

 private:
  std::uint32_t divisor_ = 1;
  std::uint32_t factor_ = 1;
  std::uint32_t shift_ = 0;
};

}  // namespace halfbyte::core
