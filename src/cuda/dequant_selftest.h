// Runs the dequantisation of dequant.cuh on a GPU, for the tests and for a check at first use.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace halfbyte::cuda {

// The f16 bits of (code - zero) for the eight 4-bit codes of each word, lowest nibble first.
// words.size() is a multiple of 4; zero in 0 ... 16. Errors: E_ARG, E_RANGE, and those of check().
std::vector<std::uint16_t> dequantize_words(std::span<const std::uint32_t> words, int zero,
                                            int device);

}  // namespace halfbyte::cuda
