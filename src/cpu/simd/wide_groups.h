// Scales and zeros of the next chunks of a tile, as f32: widened for 8 chunks at once, so that the
// kind of scale and zero is looked at once for all of them, and lines of scales, which come from
// far away, are asked for together and one batch ahead. With groups of 32 a chunk is 4 steps and
// its ends weigh: m = 1 from L3 took 18.6 cycles a step chunk by chunk; 13.9 with this,
// two_digits.h, and addresses without the two divisions that block_codes() makes.
#pragma once

#include <cstdint>

#include "cpu/simd/digits.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

template <class V>
struct WideGroups {
  static constexpr std::int64_t most_chunks = 8;
  static constexpr std::int64_t most_blocks = 4;
  alignas(64) float scale[most_chunks][most_blocks][core::n16::block_columns];
  alignas(64) float zero[most_chunks][most_blocks][core::n16::block_columns];
  alignas(64) std::int16_t zero_words[most_chunks][most_blocks][2 * core::n16::block_columns];

  Group at(std::int64_t chunk, std::int64_t block) const {
    return {scale[chunk][block], zero[chunk][block], zero_words[chunk][block]};
  }

  // Chunks first ... first + count - 1 of call.k, of integer codes with integer zeros.
  void widen(const TileCall& call, std::int64_t first, std::int64_t count) {
    const N16& w = *call.w;
    const bool table = w.meaning == CodeMeaning::table;  // has a zero and a unit of its own
    const auto unit = V::set(table ? w.table_unit : 1.0F);
    const auto set_scales = [&](auto load, std::int64_t size) {
      for_each(call, first, count, [&](std::int64_t at, std::int64_t i, std::int64_t b) {
        const std::uint8_t* from = w.scales.data() + at * size;
        __builtin_prefetch(from + most_chunks * core::n16::block_columns * size);
        for (int v = 0; v < V::vectors; ++v) {
          V::store(&scale[i][b][v * V::lanes], V::mul(load(from + v * V::lanes * size), unit));
        }
      });
    };
    switch (w.scale_dtype) {
      case DType::f16:
        set_scales([](const std::uint8_t* p) { return V::load_f16(p); }, 2);
        break;
      case DType::bf16:
        set_scales([](const std::uint8_t* p) { return V::load_bf16(p); }, 2);
        break;
      default:
        set_scales([](const void* p) { return V::load(static_cast<const float*>(p)); }, 4);
    }
    if (!table && w.zero_kind == ZeroKind::integer) {
      for_each(call, first, count, [&](std::int64_t at, std::int64_t i, std::int64_t b) {
        for (int v = 0; v < V::vectors; ++v) {
          set_zero(i, b, v, V::load_u8(w.zeros.data() + at + v * V::lanes));
        }
      });
    } else if (first == 0) {  // the same everywhere
      const auto same = V::set(table ? static_cast<float>(w.table_zero) : w.implied_zero);
      for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t b = 0; b < most_blocks; ++b) {
          for (int v = 0; v < V::vectors; ++v) set_zero(i, b, v, same);
        }
      }
    }
  }

 private:
  void set_zero(std::int64_t i, std::int64_t b, int v, typename V::Float z) {
    V::store(&zero[i][b][v * V::lanes], z);
    if constexpr (V::word_rows > 1) {
      V::store_words(&zero_words[i][b][2 * v * V::lanes], V::minus_zero_words(z));
    }
  }

  // body(index of the group's first column, chunk from `first` on, block of the tile)
  template <class Body>
  static void for_each(const TileCall& call, std::int64_t first, std::int64_t count, Body&& body) {
    const N16& w = *call.w;
    const std::int64_t first_block = call.column / core::n16::block_columns;
    const std::int64_t blocks = core::n16::blocks(call.columns);
    for (std::int64_t b = 0; b < blocks; ++b) {
      for (std::int64_t i = 0; i < count; ++i) {
        const auto chunk = static_cast<std::size_t>(call.k.first + (first + i) * call.k.stride);
        body(w.group_index(first_block + b, w.chunks[chunk].group), i, b);
      }
    }
  }
};

}  // namespace halfbyte::cpu::simd
