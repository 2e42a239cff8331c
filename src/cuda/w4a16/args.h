// What a launch of the w4a16 family is told. Plain data, shared by the host and the kernel.
#pragma once

#include <cstdint>

#include "core/schedule/schedules.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cuda::w4a16 {

// How an output's k blocks are divided, and how partial sums meet.
struct Division {
  core::Extent extent{};              // tiles, and k blocks of 64
  std::int64_t split = 1;             // split-K; 1 is data-parallel
  std::int64_t stream_k_workers = 0;  // not 0: stream-K
  bool atomic = false;                // partial sums added in any order, as published

  HB_HD std::int64_t workers() const {
    return is_stream_k() ? stream_k().workers() : split_k().workers();
  }
  HB_HD std::int64_t items(std::int64_t worker) const {
    return is_stream_k() ? stream_k().items(worker) : 1;
  }
  HB_HD core::WorkItem item(std::int64_t worker, std::int64_t i) const {
    return is_stream_k() ? stream_k().item(worker, i) : split_k().item(worker, i);
  }
  HB_HD std::int64_t partial(std::int64_t tile, std::int64_t slice) const {
    return is_stream_k() ? stream_k().partial(tile, slice) : split_k().partial(tile, slice);
  }
  HB_HD std::int64_t partials() const {
    return is_stream_k() ? stream_k().partials() : split_k().partials();
  }

 private:
  HB_HD bool is_stream_k() const { return stream_k_workers > 0; }
  HB_HD core::Problems problems() const { return {&extent, 1}; }
  HB_HD core::SplitK split_k() const { return {problems(), split}; }
  HB_HD core::StreamK stream_k() const { return {problems(), stream_k_workers}; }
};

struct Args {
  // Weight: core/layout/slab16.h.
  const std::uint8_t* codes;
  const std::uint16_t* scales;
  const std::uint16_t* offsets;  // real zeros or minima; null: integer zeros
  const std::uint8_t* zeros;     // packed fields; null: every zero is `same_zeros`
  const std::int32_t* source;  // row of W at a position, -1 for padding; null: the position itself
  std::uint64_t same_zeros;
  std::int64_t scale_rows;
  std::int64_t k_blocks;
  std::int32_t scale_shift;
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

  std::int64_t m, n, k;
  Division division;
  std::uint64_t* arrivals;  // a counter a tile
  float* partials;          // places of one tile each
};

}  // namespace halfbyte::cuda::w4a16
