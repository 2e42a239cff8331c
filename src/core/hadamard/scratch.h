// Where element i of a row lies in the f32 scratch memory of a CPU kernel: 64 bytes are left out
// after every 4 KB. Without them the rows of a pass that are 4 KB or more apart would all be in one
// set of the L1 cache.
#pragma once

#include <cstdint>

namespace halfbyte::core::scratch {

// An aligned run of 2^run_bits elements is contiguous.
inline constexpr int run_bits = 10;
inline constexpr std::int64_t run = std::int64_t{1} << run_bits;
inline constexpr std::int64_t gap = 16;

// i >= 0.
constexpr std::int64_t place(std::int64_t i) {
  return i + static_cast<std::int64_t>(static_cast<std::uint64_t>(i) >> run_bits) * gap;
}
// Floats for n elements.
constexpr std::int64_t floats(std::int64_t n) { return n + (n + run - 1) / run * gap; }

}  // namespace halfbyte::core::scratch
