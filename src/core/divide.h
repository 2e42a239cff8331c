// Division by a number that is known before a kernel starts, as a multiplication. A GPU has no
// integer division: it makes one of 25 instructions (32 bits) or 100 (64 bits) that wait for each
// other, and a kernel of 5 us began with seven of them.
//
//   Divisor   dividends and divisors below 2^31: what schedules count
//   Divider   dividends below 2^44, divisors below 2^20: elements and their strides
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core {

// q = (floor(n M / 2^32) + n) / 2^s with s = ceil(log2 d), M = floor(2^32 (2^s - d) / d) + 1
// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994,
// figure 4.1). For numerators and divisors of 31 bits the sum fits 32.
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

HB_HD constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
#ifdef __CUDA_ARCH__
  return __umul64hi(a, b);
#else
  const std::uint64_t a0 = a & 0xFFFFFFFFU, a1 = a >> 32, b0 = b & 0xFFFFFFFFU, b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
  const std::uint64_t low = a0 * b1 + (middle & 0xFFFFFFFFU);
  return a1 * b1 + (middle >> 32) + (low >> 32);
#endif
}

// Division by a number that is known before the launch: one multiplication. With e = magic d - 2^64
// < d, floor(i magic / 2^64) is i / d while i e < 2^64: for i below 2^44 and d below 2^20.
struct Divider {
  std::uint64_t magic = 0;  // ceil(2^64 / divisor); 0 for 1
  std::int64_t divisor = 1;

  constexpr Divider() = default;
  constexpr explicit Divider(std::int64_t d)
      : magic(d == 1 ? 0 : ~std::uint64_t{0} / static_cast<std::uint64_t>(d) + 1), divisor(d) {}
  HB_HD constexpr std::int64_t quotient(std::int64_t i) const {
    return magic == 0
               ? i
               : static_cast<std::int64_t>(multiply_high(static_cast<std::uint64_t>(i), magic));
  }
};
inline constexpr std::int64_t largest_divisor = std::int64_t{1} << 20;
inline constexpr std::int64_t largest_dividend = std::int64_t{1} << 44;

}  // namespace halfbyte::core
