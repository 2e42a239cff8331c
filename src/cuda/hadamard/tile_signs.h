// The signs of H_q (x) H_(2^e) as kernels want them for A of mma.m16n8k16, packed: [row of tiles]
// [word of four tiles][lane], bits by core::hadamard::sign_bits.
#pragma once

#include <cstdint>

namespace halfbyte::cuda::hadamard {

struct OrderMatrix {
  int q, e;
  bool transpose;
  int rows() const { return q << e; }
};

// `row_words` words for a row of tiles, which are cleared first.
void make_tile_signs(const OrderMatrix& matrix, int row_words, std::uint32_t* words);

}  // namespace halfbyte::cuda::hadamard
