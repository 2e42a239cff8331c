// Dense bit streams of 2, 3, 4 or 8 bits a field, lowest bit first, in 32-bit little-endian words:
// how GPTQ and compressed-tensors store codes and zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace halfbyte::checkpoint {

inline std::uint32_t load_u32(const std::byte* at) {
  return std::to_integer<std::uint32_t>(at[0]) | std::to_integer<std::uint32_t>(at[1]) << 8 |
         std::to_integer<std::uint32_t>(at[2]) << 16 | std::to_integer<std::uint32_t>(at[3]) << 24;
}

inline void store_u32(std::byte* at, std::uint32_t word) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(word >> (8 * i));
}

// Words that hold `fields` fields.
constexpr std::int64_t words_for(std::int64_t fields, int bits) {
  return (fields * bits + 31) / 32;
}

// Field i of a stream of words; a field of 3 bits may lie in two of them.
inline std::uint32_t get_field(std::span<const std::uint32_t> words, std::int64_t i, int bits) {
  const auto bit = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(bits);
  const std::size_t word = bit / 32;
  const unsigned shift = bit % 32;
  std::uint64_t pair = words[word];
  if (shift + static_cast<unsigned>(bits) > 32) pair |= std::uint64_t{words[word + 1]} << 32;
  return static_cast<std::uint32_t>(pair >> shift) & ((1U << bits) - 1U);
}

// The field must still be zero.
inline void set_field(std::span<std::uint32_t> words, std::int64_t i, int bits,
                      std::uint32_t value) {
  const auto bit = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(bits);
  const std::size_t word = bit / 32;
  const unsigned shift = bit % 32;
  words[word] |= value << shift;
  if (shift + static_cast<unsigned>(bits) > 32) words[word + 1] |= value >> (32 - shift);
}

// Clears what lies behind bit `used` of a byte stream: the padding of a column of codes.
inline void clear_padding(std::span<std::uint8_t> bytes, std::int64_t used) {
  if (used % 8 != 0) bytes[static_cast<std::size_t>(used / 8)] &= (1U << (used % 8)) - 1U;
}

}  // namespace halfbyte::checkpoint
