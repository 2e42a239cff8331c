// y[r, c] = sum over k of x[r, k] w[k, c] in f32, in the order of the packed positions; the weight
// is (v - z) s or v s + m in f32, a rounding or two of 2^-24 more than exact.
//
//   m = 1, n = k = 4096: 16.8 M multiply-adds by 4096 threads, each with 4096 dependent loads of a
//   code: milliseconds. Nobody's fast path.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "core/layout/slab16_pack.h"
#include "cuda/device_guard.h"
#include "cuda/plain.h"
#include "cuda/slab16.h"
#include "ops/packed.h"

namespace halfbyte::cuda {
namespace {

namespace layout = core::slab16;
constexpr int threads = 128;

struct Values {  // numbers of f16, bf16 or f32
  const void* data;
  DType dtype;
  __device__ float operator[](std::int64_t i) const {
    if (dtype == DType::f32) return static_cast<const float*>(data)[i];
    if (dtype == DType::f16) return __half2float(static_cast<const __half*>(data)[i]);
    return __bfloat162float(static_cast<const __nv_bfloat16*>(data)[i]);
  }
};

struct PlainArgs {
  const std::uint8_t* codes;
  const std::int32_t* source;
  const std::uint8_t* zeros;  // fields of code_bits; null: same_zero
  Values scales, offsets;     // offsets.data null: integer zeros
  float same_zero;
  bool offsets_are_minima, is_table;
  float table[16];
  std::int64_t k_blocks, scale_rows;
  int scale_shift, code_bits;
  Values x, bias;
  std::int64_t x_strides[2], y_strides[2], bias_stride;
  void* y;
  DType y_dtype;
  std::int64_t m, n, k;
};

__device__ float weight_at(const PlainArgs& a, std::int64_t position, std::int64_t column) {
  const std::uint32_t code =
      layout::packed_code(a.codes, position, column, a.k_blocks, a.code_bits);
  const float v = a.is_table ? a.table[code & 15U] : static_cast<float>(code);
  const std::int64_t at =
      layout::scale_place(layout::scale_row(position, a.scale_shift), column, a.scale_rows);
  const float s = a.scales[at];
  if (a.offsets.data != nullptr) {
    return a.offsets_are_minima ? fmaf(v, s, a.offsets[at]) : (v - a.offsets[at]) * s;
  }
  float zero = a.same_zero;
  if (a.zeros != nullptr) {
    const std::int64_t bit = at * a.code_bits;
    zero = static_cast<float>(a.zeros[bit / 8] >> (bit % 8) & ((1U << a.code_bits) - 1U));
  }
  return (v - zero) * s;
}

__device__ void store(const PlainArgs& a, std::int64_t i, float value) {
  if (a.y_dtype == DType::f32) {
    static_cast<float*>(a.y)[i] = value;
  } else if (a.y_dtype == DType::f16) {
    static_cast<__half*>(a.y)[i] = __float2half_rn(value);
  } else {
    static_cast<__nv_bfloat16*>(a.y)[i] = __float2bfloat16_rn(value);
  }
}

__global__ void plain_kernel(const __grid_constant__ PlainArgs a) {
  const std::int64_t all = a.m * a.n, step = static_cast<std::int64_t>(gridDim.x) * threads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x; i < all;
       i += step) {
    const std::int64_t row = i / a.n, column = i % a.n;
    float sum = 0;
    for (std::int64_t p = 0; p < a.k_blocks * layout::block_k; ++p) {
      const std::int64_t k = a.source != nullptr ? a.source[p] : p;
      if (k < 0 || k >= a.k) continue;
      sum = fmaf(a.x[row * a.x_strides[0] + k * a.x_strides[1]], weight_at(a, p, column), sum);
    }
    if (a.bias.data != nullptr) sum += a.bias[column * a.bias_stride];
    store(a, row * a.y_strides[0] + column * a.y_strides[1], sum);
  }
}

}  // namespace

void launch_plain(const LinearProblem& p) {
  const Slab16& w = slab16_of(*p.w);
  const DeviceGuard guard(w.device, "linear");
  PlainArgs a{};
  a.codes = static_cast<const std::uint8_t*>(w.codes.data());
  a.source = static_cast<const std::int32_t*>(w.source_on_device.data());
  a.zeros = static_cast<const std::uint8_t*>(w.zeros.data());
  a.scales = {w.scales.data(), w.scale_dtype};
  a.offsets = {w.offsets.data(), w.scale_dtype};
  a.is_table = w.canonical.meaning == CodeMeaning::table;
  a.same_zero = a.is_table ? 0.0F : static_cast<float>(1 << (w.canonical.bits - 1));
  a.offsets_are_minima = w.canonical.zero_kind == ZeroKind::minimum;
  for (int i = 0; i < 16; ++i) a.table[i] = w.canonical.table[static_cast<std::size_t>(i)];
  a.k_blocks = w.k_blocks;
  a.scale_rows = w.scale_rows;
  a.scale_shift = w.scale_shift;
  a.code_bits = w.code_bits;
  a.x = {p.x.data, p.x.dtype};
  a.bias = {p.bias.data, p.bias.dtype};
  for (int i = 0; i < 2; ++i) a.x_strides[i] = p.x.strides[static_cast<std::size_t>(i)];
  for (int i = 0; i < 2; ++i) a.y_strides[i] = p.y.strides[static_cast<std::size_t>(i)];
  a.bias_stride = p.bias.strides[0];
  a.y = p.y.data;
  a.y_dtype = p.y.dtype;
  a.m = p.m;
  a.n = p.n;
  a.k = p.k;
  const std::int64_t blocks = (p.m * p.n + threads - 1) / threads;
  constexpr std::int64_t most = 1 << 20;
  plain_kernel<<<static_cast<unsigned>(blocks < most ? blocks : most), threads, 0,
                 static_cast<cudaStream_t>(p.stream)>>>(a);
  check(cudaGetLastError(), "linear", "plain_kernel");
}

void warm_up_plain() {
  cudaFuncAttributes attributes{};
  check(cudaFuncGetAttributes(&attributes, plain_kernel), "pack", "cudaFuncGetAttributes");
}

}  // namespace halfbyte::cuda
