// Where the 16-byte vectors of a strided operand lie. Vectors are counted through all rows as if
// they were dense; a row has n / 8 of them.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core::hadamard {

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

// Row r of an operand is (r / inner, r % inner); steps count elements.
struct RowSteps {
  std::int64_t outer, inner;
  bool dense;  // rows follow each other without a gap
};

struct Vectors {
  std::int64_t count = 0;  // of all rows
  Divider row;             // vectors of a row
  Divider inner;           // rows of an outer step

  struct Place {
    std::int64_t row, column;  // of the vector's first element
  };
  HB_HD constexpr Place place(std::int64_t vector) const {
    const std::int64_t r = row.quotient(vector);
    return {r, 8 * (vector - r * row.divisor)};
  }
  // In elements from the operand's begin.
  HB_HD constexpr std::int64_t offset(const RowSteps& steps, std::int64_t vector) const {
    if (steps.dense) return 8 * vector;
    const Place at = place(vector);
    const std::int64_t o = inner.quotient(at.row);
    return o * steps.outer + (at.row - o * inner.divisor) * steps.inner + at.column;
  }
};

}  // namespace halfbyte::core::hadamard
