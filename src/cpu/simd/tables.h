// The kernels that the instruction sets offer: a line for each.
#pragma once

#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

const TileKernel& panel_scalar();
const TileKernel& digits_avx2();
const TileKernel& panel_avx2();
const TileKernel& digits_avx512();  // AVX-512 BW
const TileKernel& panel_avx512();
const TileKernel& digits_avx512vnni();
const TileKernel& pairs_avx512bf16();

}  // namespace halfbyte::cpu::simd
