#include "cpu/simd/isa_scalar.h"
#include "cpu/simd/kernels.h"
#include "cpu/simd/tables.h"

namespace halfbyte::cpu::simd {

const TileKernel& panel_scalar() { return panel_kernel<Scalar>; }

}  // namespace halfbyte::cpu::simd
