// A configuration as a type. (nvcc 13.0 with g++ 12 rejects a struct of a namespace as a template
// argument; a type that carries the numbers works.)
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/layout/slab16.h"

namespace halfbyte::cuda::w4a16 {

// How x reaches the matrix steps: rows of adjacent, 16-byte aligned elements by asynchronous
// copies, or any element by itself (act-order, strides, unaligned memory).
enum class XPath { copied, gathered };
// Integer zeros leave q - z exact, and the scale multiplies the f32 sums of its group. Real zeros
// and minima make the weight itself, rounded once to x's type.
enum class Weights { exact, rounded };
// How partial sums of a tile meet: in slice order by the last that arrives, or added in any order
// as published.
enum class Meeting { ordered, atomic };

template <class Number_, class Format_, int slabs_, int octets_, int stages_, int segments_,
          XPath x_path_ = XPath::copied, Weights weights_ = Weights::exact, int max_warps_ = 16,
          Meeting meeting_ = Meeting::ordered>
struct Variant {
  using Number = Number_;  // x's type
  using Format = Format_;
  static constexpr int slabs = slabs_;        // 16 columns each: what a warp multiplies
  static constexpr int octets = octets_;      // 8 rows of x each
  static constexpr int stages = stages_;      // blocks of k in flight a warp
  static constexpr int segments = segments_;  // 1: scales hold for a whole block of 64 k; 2: for 32
  static constexpr XPath x_path = x_path_;
  static constexpr Weights weights = weights_;
  static constexpr int max_warps = max_warps_;
  static constexpr Meeting meeting = meeting_;

  static constexpr int tile_m = 8 * octets;
  static constexpr int tile_n = 16 * slabs;
  static constexpr int tile_floats = tile_m * tile_n;

  // Rows of 64 columns (core/layout/slab16.h) that a tile reaches into, and its slabs in each.
  static constexpr int rows = (slabs + 3) / 4;
  static constexpr int row_slabs = slabs / rows;

  // Shared memory of one stage of one warp.
  static constexpr int block_bytes = static_cast<int>(core::slab16::block_bytes(Format::code_bits));
  static constexpr int vectors = block_bytes / 512;  // 16-byte loads of a lane a block and slab
  static constexpr int codes_bytes = slabs * block_bytes;
  static constexpr int x_bytes = x_path == XPath::copied ? octets * 2 * 512 : 0;
  // 8 lane groups x the scales of 2 columns a slab, for each segment and row.
  static constexpr int scale_part_bytes = 8 * row_slabs * 2 * 2;
  static constexpr int scales_bytes = segments * rows * scale_part_bytes;
  static constexpr int zero_part_bytes = weights == Weights::rounded
                                             ? scale_part_bytes
                                             : static_cast<int>(8 * sizeof(typename Format::Zeros));
  static constexpr int zeros_bytes = segments * rows * zero_part_bytes;
  static constexpr int stage_bytes =
      (codes_bytes + x_bytes + scales_bytes + zeros_bytes + 15) / 16 * 16;
  static constexpr int ring_bytes = stages * stage_bytes;  // a warp

  // A warp's sums, token by token: 4 floats of padding put the 4 t of a register in other banks.
  static constexpr int sum_stride = tile_n + 4;
  static constexpr int sums_bytes = tile_m * sum_stride * 4;

  // CTAs that the registers of an SM must hold: two of 8 warps, 128 registers a thread, where
  // shared memory has room for two as well.
  static constexpr int resident = max_warps <= 8 && slabs <= 4 && octets == 1 &&
                                          x_path == XPath::copied && weights == Weights::exact
                                      ? 2
                                      : 1;

  static constexpr std::size_t shared_bytes(int warps) {
    return static_cast<std::size_t>(warps) *
           static_cast<std::size_t>(std::max(ring_bytes, sums_bytes));
  }
};

}  // namespace halfbyte::cuda::w4a16
