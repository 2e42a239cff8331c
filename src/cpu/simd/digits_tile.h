// A tile of y from digits: the rows of x whose chunk fits 16 bits together (words.h), the others
// one by one (digits.h), those that are no sum of a few digits in f32 (plain.h).
#pragma once

#include <cstdint>

#include "cpu/simd/digits.h"
#include "cpu/simd/group.h"
#include "cpu/simd/plain.h"
#include "cpu/simd/two_digits.h"
#include "cpu/simd/wide_groups.h"
#include "cpu/simd/words.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

// What one chunk of one block of columns is multiplied with.
struct BlockChunk {
  const Chunk& chunk;
  std::int64_t block;
  const std::uint8_t* lines;
  Group group;
  int steps() const { return static_cast<int>(static_cast<unsigned>(chunk.count + 7) / 8); }
};

template <class V>
inline void add_plain(const TileCall& call, const BlockChunk& at, std::int64_t row, float* out) {
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
  static constexpr std::int64_t most = 64;  // a tile's rows
  int together;
  int apart;
  WordRow together_rows[most];
  WordRow apart_rows[most];

  void sort(const TileCall& call, const DigitChunk* x, bool words) {
    together = 0;
    apart = 0;
    float* out = call.out;
    for (std::int64_t r = 0; r < call.rows; ++r, ++x, out += call.out_stride) {
      if (x->digits == 0) continue;
      if (words && (x->digits == 1 || x->digits == 2)) {
        together_rows[together++] = {x, out};
      } else {
        apart_rows[apart++] = {x, out};
      }
    }
  }
};

// One row of the tile.
template <class V, class Codes>
inline void add_row(const TileCall& call, const BlockChunk& at, const Codes& codes,
                    const DigitChunk& x, std::int64_t row, float* out) {
  if (x.digits > 0) {
    add_any_digits<V>(codes, at.steps(), x, at.group, out);
  } else if (x.digits < 0) {
    add_plain<V>(call, at, call.row + row, out);
  }
}

// Where a tile is in its walk: chunk by chunk, in each all blocks, so that there are as many
// streams of weights as blocks.
template <class V>
struct TileChunk {
  const Chunk& chunk;
  BlockLines lines;       // of the tile's blocks
  BlockLines next_lines;  // of the chunk after this one
  const WideGroups<V>& groups;
  std::int64_t batched;  // the chunk in `groups`
  std::int64_t first_block;
  std::int64_t blocks;

  BlockChunk at(std::int64_t b) const {
    return {chunk, first_block + b, lines.of(b), groups.at(batched, b)};
  }
  BlockLines lines_from(std::int64_t b) const { return {lines.of(b), lines.stride}; }
  // What is visited after blocks up to b - 1.
  BlockLines ahead(std::int64_t b) const { return b < blocks ? lines_from(b) : next_lines; }
};

template <class V, int Blocks, class Reader>
inline void add_two_digits_at(const TileCall& call, const Reader& reader, const TileChunk<V>& tile,
                              std::int64_t b, const DigitChunk& x) {
  add_two_digits<V, Blocks>(reader, tile.lines_from(b), tile.ahead(b + Blocks), tile.at(b).steps(),
                            x, tile.groups.at(tile.batched, b),
                            call.out + b * core::n16::block_columns);
}

template <class V, class Reader>
inline void add_one_row(const TileCall& call, const Reader& reader, const TileChunk<V>& tile,
                        const DigitChunk& x) {
  std::int64_t b = 0;
  if constexpr (V::word_rows > 1) {
    if (x.digits == 2) {
      for (; b + 2 <= tile.blocks; b += 2) add_two_digits_at<V, 2>(call, reader, tile, b, x);
      for (; b < tile.blocks; ++b) add_two_digits_at<V, 1>(call, reader, tile, b, x);
    }
  }
  for (; b < tile.blocks; ++b) {
    const BlockChunk at = tile.at(b);
    add_row<V>(call, at, PackedCodes<V, Reader>{reader, at.lines}, x, 0,
               call.out + b * core::n16::block_columns);
  }
}

// The rows that go together, in passes of nearly equal size, at most `MostRows`.
template <class V, int Blocks, int MostRows, class Reader>
inline void add_together(const Reader& reader, const TileChunk<V>& tile, std::int64_t b,
                         const RowLists& rows) {
  const BlockChunk at = tile.at(b);
  const BlockLines ahead = tile.ahead(b + Blocks);
  for (int step = 0; step < at.steps(); ++step) {
    for (int i = 0; i < Blocks; ++i) {
      __builtin_prefetch(ahead.of(i) + step * core::n16::step_bytes);
    }
  }
  int begin = 0;
  for (int left = (rows.together + MostRows - 1) / MostRows; left > 0; --left) {
    const int count = (rows.together - begin + left - 1) / left;
    add_any_word_rows<V, Blocks, MostRows>(count, reader, tile.lines_from(b), at.steps(), at.group,
                                           rows.together_rows + begin,
                                           b * core::n16::block_columns);
    begin += count;
  }
}

template <class V, class Reader>
inline void add_rows(const TileCall& call, const Reader& reader, const TileChunk<V>& tile,
                     const RowLists& rows) {
  if constexpr (V::word_rows > 1) {
    std::int64_t b = 0;
    if (rows.together > 0 && rows.together <= 2) {
      for (; b + 2 <= tile.blocks; b += 2) add_together<V, 2, 2>(reader, tile, b, rows);
    }
    if (rows.together > 0) {
      for (; b < tile.blocks; ++b) {
        add_together<V, 1, V::word_rows>(reader, tile, b, rows);
      }
    }
  }
  if (rows.apart == 0) return;
  for (std::int64_t b = 0; b < tile.blocks; ++b) {
    const BlockChunk at = tile.at(b);
    const UnpackedCodes<V, Reader> unpacked(reader, at.lines, at.steps());
    for (int i = 0; i < rows.apart; ++i) {
      const WordRow& row = rows.apart_rows[i];
      add_row<V>(call, at, unpacked, *row.x, (row.out - call.out) / call.out_stride,
                 row.out + b * core::n16::block_columns);
    }
  }
}

template <class V, class Reader>
inline void digits_tile(const TileCall& call) {
  const N16& w = *call.w;
  const Reader reader(w);
  const std::int64_t first_block = call.column / core::n16::block_columns;
  const std::int64_t block_bytes = core::n16::block_bytes(w.k_padded, 4);
  const std::uint8_t* codes = w.block_codes(first_block);
  const auto chunk_of = [&](std::int64_t i) -> const Chunk& {
    return w.chunks[static_cast<std::size_t>(call.k.first + i * call.k.stride)];
  };
  const auto lines_of = [&](const Chunk& chunk) {
    return BlockLines{codes + chunk.first / core::n16::k_align * core::n16::step_bytes,
                      block_bytes};
  };
  WideGroups<V> groups;
  RowLists rows;
  for (std::int64_t i = 0; i < call.k.count; ++i) {
    const std::int64_t batched = i % groups.most_chunks;
    if (batched == 0) {
      groups.widen(call, i, core::smaller<std::int64_t>(groups.most_chunks, call.k.count - i));
    }
    const Chunk& chunk = chunk_of(i);
    const TileChunk<V> tile{chunk,
                            lines_of(chunk),
                            lines_of(chunk_of(core::smaller(i + 1, call.k.count - 1))),
                            groups,
                            batched,
                            first_block,
                            core::n16::blocks(call.columns)};
    const auto* x = static_cast<const DigitChunk*>(call.x) +
                    (call.k.first + i * call.k.stride) * call.problem->m + call.row;
    if (call.rows == 1) {
      add_one_row<V>(call, reader, tile, *x);
    } else {
      rows.sort(call, x, V::word_rows > 1);
      add_rows<V>(call, reader, tile, rows);
    }
  }
}

}  // namespace halfbyte::cpu::simd
