// A tile of y from digits: the rows of x whose chunk fits 16 bits together (words.h), the others
// one by one (digits.h), those that are no sum of a few digits in f32 (plain.h).
#pragma once

#include <cstdint>

#include "cpu/simd/digits.h"
#include "cpu/simd/group.h"
#include "cpu/simd/plain.h"
#include "cpu/simd/words.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

// What one chunk of one block of columns is multiplied with.
template <class V>
struct BlockChunk {
  const Chunk& chunk;
  std::int64_t index;  // of the chunk
  std::int64_t block;
  const std::uint8_t* lines;
  typename V::Float scale[V::vectors];  // of integer codes
  typename V::Float zero[V::vectors];

  BlockChunk(const N16& w, std::int64_t c, std::int64_t b)
      : chunk(w.chunks[static_cast<std::size_t>(c)]),
        index(c),
        block(b),
        lines(w.block_codes(b) + chunk.first / 8 * core::n16::step_bytes) {
    load_group<V>(w, block, chunk.group, scale, zero);
    if (w.meaning == CodeMeaning::affine) return;
    for (int v = 0; v < V::vectors;
         ++v) {  // the table's integers have a zero and a unit of their own
      zero[v] = V::set(static_cast<float>(w.table_zero));
      scale[v] = V::mul(scale[v], V::set(w.table_unit));
    }
  }
  int steps() const { return chunk.padded() / 8; }
};

template <class V>
inline void add_plain(const TileCall& call, const BlockChunk<V>& at, std::int64_t row, float* out) {
  float x[core::n16::chunk_k];
  widen_chunk(call, row, at.chunk, x);
  typename V::Float scale[V::vectors];
  typename V::Float zero[V::vectors];
  typename V::Float total[V::vectors];
  load_group<V>(*call.w, at.block, at.chunk.group, scale, zero);
  for (int v = 0; v < V::vectors; ++v) total[v] = V::load(out + v * V::lanes);
  sum_plain<V>(*call.w, at.chunk, x, at.lines, scale, zero, total);
  for (int v = 0; v < V::vectors; ++v) V::store(out + v * V::lanes, total[v]);
}

// The rows of a tile by how their chunk of x is multiplied; rows of zeros are in neither list.
struct RowLists {
  struct Row {
    const DigitChunk* x;
    std::int64_t row;  // of the tile
  };
  static constexpr std::int64_t most = 64;  // a tile's rows
  int together = 0;                         // as words
  int apart = 0;
  Row together_rows[most];
  Row apart_rows[most];

  RowLists(const TileCall& call, std::int64_t chunk, bool words) {
    const auto* x = static_cast<const DigitChunk*>(call.x) + chunk * call.problem->m + call.row;
    for (std::int64_t r = 0; r < call.rows; ++r, ++x) {
      if (x->digits == 0) continue;
      if (words && (x->digits == 1 || x->digits == 2)) {
        together_rows[together++] = {x, r};
      } else {
        apart_rows[apart++] = {x, r};
      }
    }
    if (together == 1) apart_rows[apart++] = together_rows[--together];
  }
};

template <class V, class Codes>
inline void add_apart(const TileCall& call, const BlockChunk<V>& at, const Codes& codes,
                      const RowLists& rows, float* out) {
  for (int i = 0; i < rows.apart; ++i) {
    const RowLists::Row& row = rows.apart_rows[i];
    float* to = out + row.row * call.out_stride;
    if (row.x->digits < 0) {
      add_plain<V>(call, at, call.row + row.row, to);
      continue;
    }
    typename V::Float value[V::vectors];
    sum_any_digits<V>(codes, at.steps(), *row.x, at.zero, value);
    for (int v = 0; v < V::vectors; ++v) {
      const auto scaled = V::mul(value[v], V::set(row.x->unit));
      V::store(to + v * V::lanes, V::fma(scaled, at.scale[v], V::load(to + v * V::lanes)));
    }
  }
}

// Passes of nearly equal size, at most V::word_rows.
template <class V, class Reader>
inline void add_together(const TileCall& call, const BlockChunk<V>& at, const Reader& reader,
                         const RowLists& rows, float* out) {
  const int passes = (rows.together + V::word_rows - 1) / V::word_rows;
  for (int pass = 0; pass < passes; ++pass) {
    const int begin = rows.together * pass / passes;
    const int count = rows.together * (pass + 1) / passes - begin;
    WordRow pass_rows[V::word_rows];
    for (int i = 0; i < count; ++i) {
      const RowLists::Row& row = rows.together_rows[begin + i];
      pass_rows[i] = {row.x, out + row.row * call.out_stride};
    }
    add_any_word_rows<V>(count, reader, at.lines, at.steps(), at.scale, at.zero, pass_rows);
  }
}

template <class V, class Reader>
inline void digits_tile(const TileCall& call) {
  constexpr bool words = V::word_rows > 1;
  const Reader reader(*call.w);
  const std::int64_t first_block = call.column / core::n16::block_columns;
  const std::int64_t blocks = core::n16::blocks(call.columns);
  for (std::int64_t i = 0; i < call.k.count; ++i) {
    const std::int64_t chunk = call.k.first + i * call.k.stride;
    const RowLists rows(call, chunk, words);
    for (std::int64_t b = 0; b < blocks; ++b) {  // as many streams of weights as there are blocks
      const BlockChunk<V> at(*call.w, chunk, first_block + b);
      float* out = call.out + b * core::n16::block_columns;
      if constexpr (words) add_together<V>(call, at, reader, rows, out);
      if (rows.apart > 1) {
        add_apart<V>(call, at, UnpackedCodes<V, Reader>(reader, at.lines, at.steps()), rows, out);
      } else {
        add_apart<V>(call, at, PackedCodes<V, Reader>{reader, at.lines}, rows, out);
      }
    }
  }
}

}  // namespace halfbyte::cpu::simd
