// Made-up operands, the same on every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte::bench {

// (m, k), row major, normal with mean 0 and variance 1.
std::vector<std::byte> random_rows(std::int64_t m, std::int64_t k, DType dtype);

// 4 bits, uniform codes, symmetric, f16 scales. Made in its quantised form: quantising a random
// matrix would take longer than multiplying by it. group -1: one scale a column.
QuantizedWeight random_weight(std::int64_t k, std::int64_t n, std::int64_t group,
                              std::uint64_t seed);

}  // namespace halfbyte::bench
