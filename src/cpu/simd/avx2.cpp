#include "cpu/simd/isa_avx2.h"
#include "cpu/simd/kernels.h"
#include "cpu/simd/tables.h"

namespace halfbyte::cpu::simd {

const TileKernel& digits_avx2() { return digits_kernel<Avx2>; }
const TileKernel& panel_avx2() { return panel_kernel<Avx2>; }

}  // namespace halfbyte::cpu::simd
