// The kernels of a type of x as rows of the lists of instances.
#pragma once

#include <array>

#include "cuda/hadamard/in_registers.cuh"
#include "cuda/hadamard/instance.h"
#include "cuda/hadamard/row.cuh"

namespace halfbyte::cuda::hadamard {

template <class Number, int tiles, bool one_rounding, Extent extent>
constexpr Instance in_registers() {
  using K = InRegisters<Number, tiles, one_rounding, extent>;
  return {.dtype = Number::dtype,
          .log2_n = 0,
          .tiles = tiles,
          .one_rounding = one_rounding,
          .output = K::output,
          .full = !K::dense,
          .threads = 32 * K::warps,
          .vectors = K::warps * static_cast<int>(K::group_vectors),
          .blocks_per_sm = K::blocks_per_sm,
          .shared_bytes = 0,
          .cluster = 1,
          .stays = false,
          .kernel = in_registers_kernel<K>};
}

template <class K>
constexpr Instance row_of() {
  return {.dtype = K::Number::dtype,
          .log2_n = K::log2_n,
          .tiles = K::tiles,
          .one_rounding = K::one_rounding,
          .output = K::output,
          .full = true,
          .threads = K::threads,
          .vectors = K::elements / 8,
          .blocks_per_sm = K::blocks_per_sm,
          .shared_bytes = K::shared_bytes,
          .cluster = K::cluster,
          .stays = K::stays,
          .kernel = row_kernel<K>};
}
template <class Number, int tiles, int log2_pieces, bool one_rounding, Output output>
constexpr Instance row() {
  return row_of<Row<Number, tiles, log2_pieces, 0, one_rounding, output>>();
}
template <class Number, int tiles, int log2_pieces, int log2_cluster>
constexpr Instance spread() {
  return row_of<Row<Number, tiles, log2_pieces, log2_cluster, true, Output::values>>();
}

// All that is not lean rounds once: a call that allows less accuracy gets no worse.
template <class Number>
constexpr std::array all_in_registers{
    in_registers<Number, 1, true, Extent::lean>(),  in_registers<Number, 2, true, Extent::lean>(),
    in_registers<Number, 4, true, Extent::lean>(),  in_registers<Number, 1, false, Extent::lean>(),
    in_registers<Number, 2, false, Extent::lean>(), in_registers<Number, 4, false, Extent::lean>(),
    in_registers<Number, 1, true, Extent::given>(), in_registers<Number, 4, true, Extent::given>(),
    in_registers<Number, 1, true, Extent::codes>(), in_registers<Number, 4, true, Extent::codes>(),
    in_registers<Number, 8, true, Extent::codes>(), in_registers<Number, 1, true, Extent::full>(),
    in_registers<Number, 4, true, Extent::full>(),  in_registers<Number, 8, true, Extent::full>()};

// Up to 8192 4 tiles a warp, which fit into 64 registers: 32 warps an SM. From 16384 on 8: a thread
// has enough adjacent columns in phase 2. Fewer where a row has an SM to itself. (8 tiles and 20
// warps: 2^22 elements of 4096 6.4 us instead of 5.5, 2^26 the same.)
template <class Number>
constexpr std::array all_rows{
    row<Number, 4, 1, true, Output::values>(),  row<Number, 4, 2, true, Output::values>(),
    row<Number, 4, 3, true, Output::values>(),  row<Number, 8, 3, true, Output::values>(),
    row<Number, 8, 4, true, Output::values>(),  row<Number, 2, 3, true, Output::values>(),
    row<Number, 4, 4, true, Output::values>(),  row<Number, 4, 1, false, Output::values>(),
    row<Number, 4, 2, false, Output::values>(), row<Number, 4, 3, false, Output::values>(),
    row<Number, 8, 3, false, Output::values>(), row<Number, 8, 4, false, Output::values>(),
    row<Number, 2, 3, false, Output::values>(), row<Number, 4, 4, false, Output::values>(),
    row<Number, 4, 1, true, Output::given>(),   row<Number, 4, 2, true, Output::given>(),
    row<Number, 4, 3, true, Output::given>(),   row<Number, 8, 3, true, Output::given>(),
    row<Number, 8, 4, true, Output::given>(),   row<Number, 8, 1, true, Output::any>(),
    row<Number, 8, 2, true, Output::any>(),     row<Number, 8, 3, true, Output::any>(),
    row<Number, 8, 4, true, Output::any>()};

template <class Number>
constexpr std::array all_spread_rows{
    spread<Number, 2, 4, 2>(),  // 8192 over 4 blocks of 4 warps
    spread<Number, 4, 4, 3>(),  // 16384 over 8 of 2
    spread<Number, 4, 5, 3>(),  // 32768 over 8 of 4
    spread<Number, 8, 4, 1>(),  // 32768 over 2 of 8, two of which an SM holds
    spread<Number, 8, 5, 3>(),  // 65536 over 8 of 4
};

}  // namespace halfbyte::cuda::hadamard
