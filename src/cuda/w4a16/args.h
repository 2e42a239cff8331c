// What a launch of the w4a16 family is told. Plain data, shared by the host and the kernel.
#pragma once

#include <cstdint>

#include "core/schedule/prepared.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cuda::w4a16 {

// Rows, columns, tiles and blocks are counted with 32 bits (core/schedule/work.h says why), offsets
// in memory with 64. A product with more of them than fit is for another row of the table.
using Count = std::int32_t;
using WorkItem = core::BasicWorkItem<Count>;
using KBlocks = core::BasicKBlocks<Count>;
using Tile = core::PreparedTiles::Tile;

// How an output's k blocks are divided. A plain value: what the host prepares, kernels read.
struct Division {
  core::PreparedTiles tiles;
  core::PreparedSplitK split_k;    // data-parallel: in one slice
  core::PreparedStreamK stream_k;  // where `is_stream_k`
  bool is_stream_k = false;

  HB_HD Count workers() const { return is_stream_k ? stream_k.workers() : split_k.workers(); }
  HB_HD Count items(Count worker) const { return is_stream_k ? stream_k.items(worker) : 1; }
  HB_HD WorkItem item(Count worker, Count i) const {
    return is_stream_k ? stream_k.item(worker, i) : split_k.item(worker, i);
  }
  HB_HD Count partial(Count tile, Count slice) const {
    return is_stream_k ? stream_k.partial(tile, slice) : split_k.partial(tile, slice);
  }
  HB_HD Count partials() const { return is_stream_k ? stream_k.partials() : split_k.partials(); }
};

struct Args {
  // Weight: core/layout/slab16.h.
  const std::uint8_t* codes;
  const std::uint16_t* scales;
  const std::uint16_t* offsets;  // real zeros or minima; null: integer zeros
  const std::uint8_t* zeros;     // packed fields, where `zeros_differ`; else all are `same_zeros`
  const std::int32_t* source;  // row of W at a position, -1 for padding; null: the position itself
  std::uint64_t same_zeros;
  std::int64_t scale_rows;
  Count k_blocks;
  std::int32_t scale_shift;
  bool zeros_differ;
  bool scales_are_bf16;
  bool offsets_are_minima;  // w = q s + m; else w = (q - z) s

  const void* x;
  std::int64_t x_row_stride;
  std::int64_t x_column_stride;
  void* y;
  std::int64_t y_row_stride;
  std::int64_t y_column_stride;
  DType y_dtype;
  const void* bias;  // or null
  std::int64_t bias_stride;
  DType bias_dtype;

  Count m, n, k;
  Division division;
  std::uint64_t* arrivals;  // a counter a tile
  float* partials;          // places of one tile each
};

}  // namespace halfbyte::cuda::w4a16
