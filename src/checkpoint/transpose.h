// Scales lie (groups, n) in the canonical weight and (n, groups) in compressed-tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace halfbyte::checkpoint {

// (rows, cols) elements of `size` bytes -> (cols, rows).
inline std::vector<std::byte> transpose(std::span<const std::byte> in, std::int64_t rows,
                                        std::int64_t cols, std::size_t size) {
  std::vector<std::byte> out(in.size());
  const auto r = static_cast<std::size_t>(rows), c = static_cast<std::size_t>(cols);
  for (std::size_t i = 0; i < r; ++i)
    for (std::size_t j = 0; j < c; ++j)
      std::memcpy(&out[(j * r + i) * size], &in[(i * c + j) * size], size);
  return out;
}

}  // namespace halfbyte::checkpoint
