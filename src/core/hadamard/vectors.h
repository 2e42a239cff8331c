// Where the 16-byte vectors of a strided operand lie. Vectors are counted through all rows as if
// they were dense; a row has n / 8 of them.
#pragma once

#include <cstdint>

#include "core/divide.h"
#include "core/hd.h"

namespace halfbyte::core::hadamard {

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
