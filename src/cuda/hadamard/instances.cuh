// The kernels of a type of x as rows of the lists of instances.
#pragma once

#include <array>

#include "cuda/hadamard/in_registers.cuh"
#include "cuda/hadamard/instance.h"
#include "cuda/hadamard/row.cuh"

namespace halfbyte::cuda::hadamard {

template <class Number, int tiles, bool one_rounding, bool lean>
constexpr Instance in_registers() {
  using K = InRegisters<Number, tiles, one_rounding, lean>;
  return {.dtype = Number::dtype,
          .log2_n = 0,
          .tiles = tiles,
          .one_rounding = one_rounding,
          .full = !lean,
          .threads = 32 * warps_per_block,
          .vectors = warps_per_block * static_cast<int>(K::group_vectors),
          .blocks_per_sm = K::blocks_per_sm,
          .shared_bytes = 0,
          .cluster = 1,
          .kernel = in_registers_kernel<K>};
}

template <class Number, int tiles, int log2_pieces, bool one_rounding, bool codes>
constexpr Instance row() {
  using K = Row<Number, tiles, log2_pieces, one_rounding, codes>;
  int log2_n = 0;
  while (1 << log2_n < K::elements) ++log2_n;
  return {.dtype = Number::dtype,
          .log2_n = log2_n,
          .tiles = tiles,
          .one_rounding = one_rounding,
          .full = codes,
          .threads = K::threads,
          .vectors = K::elements / 8,
          .blocks_per_sm = K::blocks_per_sm,
          .shared_bytes = K::shared_bytes,
          .cluster = 1,
          .kernel = row_kernel<K>};
}

// All that is not lean rounds once: a call that allows less accuracy gets no worse.
template <class Number>
constexpr std::array all_in_registers{
    in_registers<Number, 1, true, true>(),  in_registers<Number, 2, true, true>(),
    in_registers<Number, 4, true, true>(),  in_registers<Number, 8, true, true>(),
    in_registers<Number, 1, false, true>(), in_registers<Number, 2, false, true>(),
    in_registers<Number, 4, false, true>(), in_registers<Number, 8, false, true>(),
    in_registers<Number, 1, true, false>(), in_registers<Number, 4, true, false>(),
    in_registers<Number, 8, true, false>()};

// 8 tiles a warp for many rows; fewer tiles and more warps where a row has an SM to itself.
template <class Number>
constexpr std::array all_rows{row<Number, 8, 1, true, false>(),  row<Number, 8, 2, true, false>(),
                              row<Number, 8, 3, true, false>(),  row<Number, 8, 4, true, false>(),
                              row<Number, 2, 3, true, false>(),  row<Number, 4, 3, true, false>(),
                              row<Number, 4, 4, true, false>(),  row<Number, 8, 1, false, false>(),
                              row<Number, 8, 2, false, false>(), row<Number, 8, 3, false, false>(),
                              row<Number, 8, 4, false, false>(), row<Number, 2, 3, false, false>(),
                              row<Number, 4, 3, false, false>(), row<Number, 4, 4, false, false>(),
                              row<Number, 8, 1, true, true>(),   row<Number, 8, 2, true, true>(),
                              row<Number, 8, 3, true, true>(),   row<Number, 8, 4, true, true>()};

}  // namespace halfbyte::cuda::hadamard
