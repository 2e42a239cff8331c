#include "cpu/simd/isa_avx512.h"
#include "cpu/simd/kernels.h"
#include "cpu/simd/tables.h"

namespace halfbyte::cpu::simd {

const TileKernel& digits_avx512() { return digits_kernel<Avx512>; }
const TileKernel& panel_avx512() { return panel_kernel<Avx512>; }

}  // namespace halfbyte::cpu::simd
