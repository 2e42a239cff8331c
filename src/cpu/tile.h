// What a CPU kernel is asked to compute: some k chunks of one tile of y, in f32.
#pragma once

#include <cstdint>

#include "core/schedule/work.h"
#include "cpu/n16.h"
#include "ops/kernel.h"

namespace halfbyte::cpu {

// From this k on the bound of docs/accuracy.md, 1.2 K 2^-24 = 1.1e-4 of sum |x| |w|, leaves room
// for x in 16 bits: see prepare.h.
inline constexpr std::int64_t rounded_min_k = 1536;

struct TileCall {
  const LinearProblem* problem = nullptr;
  const N16* w = nullptr;
  const void* x = nullptr;  // x as the kernel's prepare() left it
  std::int64_t row = 0;     // first row of the tile
  std::int64_t rows = 0;
  std::int64_t column = 0;  // first column, a multiple of 16
  std::int64_t columns = 0;
  core::KBlocks k{};     // chunks of w
  float* out = nullptr;  // (rows, columns rounded up to 16): the kernel adds to it
  std::int64_t out_stride = 0;
};

// One instruction set's kernels of one kind. A row of kernels.cpp is made of one of these.
struct TileKernel {
  // Bytes of x prepared, for all rows.
  std::size_t (*prepared_bytes)(const LinearProblem&, const N16&);
  // How many independent parts prepare() has, and part i of it.
  std::int64_t (*prepare_parts)(const LinearProblem&, const N16&);
  void (*prepare)(const LinearProblem&, const N16&, std::int64_t part, void* x);
  void (*tile)(const TileCall&);
  // y[0 ... n-1] = round(in + bias) for unit stride y; bias may be null.
  void (*store_row)(const float* in, const float* bias, void* y, DType dtype, std::int64_t n);
};

// x[row, rows of W in the chunk] as f32, zeros up to chunk.padded(). Out of line: the slow, general
// way.
void widen_chunk(const LinearProblem& problem, const N16& w, std::int64_t row, const Chunk& chunk,
                 float* out);

inline void widen_chunk(const TileCall& call, std::int64_t row, const Chunk& chunk, float* out) {
  widen_chunk(*call.problem, *call.w, row, chunk, out);
}

}  // namespace halfbyte::cpu
