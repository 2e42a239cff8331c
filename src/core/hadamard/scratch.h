// Where element i of a row lies in the f32 scratch memory of a CPU kernel: 64 bytes are left out
// after every 4 KB. Without them the rows of a pass that are a power of two apart would all be in
// one set of the L1 cache (8 ways of 4 KB).
#pragma once

#include <cstdint>

namespace halfbyte::core::scratch {

// An aligned run of this many elements is contiguous.
inline constexpr std::int64_t run = 1024;
inline constexpr std::int64_t gap = 16;

constexpr std::int64_t place(std::int64_t i) { return i + i / run * gap; }
// Floats for n elements.
constexpr std::int64_t floats(std::int64_t n) { return n + (n + run - 1) / run * gap; }

}  // namespace halfbyte::core::scratch
