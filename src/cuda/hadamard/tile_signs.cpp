#include "cuda/hadamard/tile_signs.h"

#include <algorithm>

#include "core/fragment/mma_m16n8k16.h"
#include "core/hadamard/order_tiles.h"
#include "core/hadamard/signs.h"
#include "core/hadamard/tile.h"

namespace halfbyte::cuda::hadamard {
namespace {

namespace map = core::hadamard;

int sign_of(const OrderMatrix& m, int i, int j) {
  const int both = i & j & ((1 << m.e) - 1), a = i >> m.e, b = j >> m.e;
  const int sign = m.transpose ? core::order_entry(m.q, b, a) : core::order_entry(m.q, a, b);
  return map::bits_set(both) % 2 == 0 ? sign : -sign;
}

}  // namespace

void make_tile_signs(const OrderMatrix& m, int row_words, std::uint32_t* words) {
  namespace f = core::mma_m16n8k16;
  const int tiles = map::order_tiles(m.rows());
  std::fill_n(words, 32 * tiles * row_words, 0U);
  for (int tile = 0; tile < tiles * tiles; ++tile) {
    for (int lane = 0; lane < 32; ++lane) {
      for (int reg = 0; reg < 4; ++reg) {
        const map::SignBits at = map::sign_bits(row_words, tile / tiles, tile % tiles, reg);
        for (int half = 0; half < 2; ++half) {
          const f::Coord in_tile = f::a_coord(lane, reg, half);
          const int i = tile / tiles * 16 + in_tile.row, j = tile % tiles * 16 + in_tile.column;
          if (i >= m.rows() || j >= m.rows()) continue;  // not stored; columns of zeros
          if (sign_of(m, i, j) < 0) words[32 * at.word + lane] |= 1U << (15 + 16 * half - at.shift);
        }
      }
    }
  }
}

}  // namespace halfbyte::cuda::hadamard
