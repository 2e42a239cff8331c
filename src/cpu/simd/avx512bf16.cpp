#include "cpu/simd/isa_avx512.h"
#include "cpu/simd/kernels.h"
#include "cpu/simd/pairs.h"
#include "cpu/simd/tables.h"

namespace halfbyte::cpu::simd {
namespace {

constexpr TileKernel kernel{
    .prepared_bytes =
        [](const LinearProblem& p, const N16& w) {
          return static_cast<std::size_t>(row_flags_bytes(p.m) + p.m * w.k_padded * 2);
        },
    .prepare_parts = panel_kernel<Avx512Bf16>.prepare_parts,
    .prepare = prepare_pairs<Avx512Bf16>,
    .tile = pairs_tile<Avx512Bf16>,
    .store_row = store_row<Avx512Bf16>,
};

}  // namespace

const TileKernel& pairs_avx512bf16() { return kernel; }

}  // namespace halfbyte::cpu::simd
