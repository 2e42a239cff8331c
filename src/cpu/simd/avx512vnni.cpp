#include "cpu/simd/isa_avx512.h"
#include "cpu/simd/kernels.h"
#include "cpu/simd/tables.h"

namespace halfbyte::cpu::simd {

const TileKernel& digits_avx512vnni() { return digits_kernel<Avx512Vnni>; }

}  // namespace halfbyte::cpu::simd
