// The signs of all H_q as one table of 16.5 KB, and the entry of any transform's matrix.
#pragma once

#include <bit>
#include <cstddef>

#include "core/hadamard/orders.h"

namespace halfbyte::core {

inline constexpr HadamardSigns hadamard_signs = make_hadamard_signs<false>();

// +1 or -1 in row i and column j of H_q; q = 1 is the matrix (1).
constexpr int order_entry(int q, int i, int j) {
  if (q == 1) return 1;
  const int word = first_sign_word(q) + i * sign_words(q) + j / 32;
  return (hadamard_signs[static_cast<std::size_t>(word)] >> j % 32 & 1U) != 0 ? -1 : 1;
}

// +1 or -1 in row i and column j of the matrix of a size: H_q (x) H_2^p.
constexpr int hadamard_entry(HadamardSize size, std::int64_t i, std::int64_t j) {
  const auto low = static_cast<std::uint64_t>(i & j) & ((std::uint64_t{1} << size.p) - 1);
  const int sylvester = std::popcount(low) % 2 == 0 ? 1 : -1;
  return sylvester *
         order_entry(size.q, static_cast<int>(i >> size.p), static_cast<int>(j >> size.p));
}

// Whether H_q is its own transpose. Sylvester's matrices and those of Paley's second kind are.
constexpr bool symmetric(HadamardSize size) {
  return size.q == 1 || size.q == 28 || size.q == 36 || size.q == 148;
}

}  // namespace halfbyte::core
