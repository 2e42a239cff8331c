// y = scale D H D x, element by element, for any legal call.
//
//   a block   a batch of rows at a time as one array of f32 in shared memory, or in the workspace
//             where that is too small; pieces follow each other in it, so that a butterfly over bit
//             b is one over the array. Then for q > 1 each output sums q elements into a second
//             array. A thread's work is every 256th element; __syncthreads between the steps.
//
//   n = 11008 = 172 x 64, f16, 64 MB: 6 steps of 8 bytes each way in shared memory and 172 reads an
//   element: 33.5 M x 172 x 4 bytes at 132 x 128 bytes a clock take 0.8 ms. Nobody's fast path.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>

#include "core/hadamard/orders.h"
#include "cuda/device_guard.h"
#include "cuda/hadamard/butterfly.h"
#include "cuda/hadamard/codes.cuh"
#include "cuda/hadamard/order_signs.h"
#include "cuda/launch_kernel.h"
#include "cuda/ptx.cuh"

namespace halfbyte::cuda::hadamard {
namespace {

constexpr int threads = 256;
constexpr std::int64_t batch_elements = 2048;        // of short rows
constexpr std::size_t most_shared_bytes = 48 << 10;  // what a kernel gets without asking
constexpr std::int64_t most_blocks_with_workspace = 256;

// H_q by its rows of signs, a kernel's parameter: at most 4128 bytes. Nothing for q = 1.
template <int count>
struct Signs {
  std::uint32_t words[count];
};
constexpr int most_sign_words = 172 * core::sign_words(172);

struct Batch {
  std::int64_t rows;    // at a time
  std::int64_t blocks;  // of the grid
  std::size_t bytes;    // of both arrays
  bool shared;
};

Batch batch_of(const HadamardProblem& p) {
  Batch b{};
  b.rows = std::clamp<std::int64_t>(batch_elements / p.n, 1, p.rows());
  b.bytes = static_cast<std::size_t>(b.rows * p.n * (p.size.q > 1 ? 2 : 1)) * sizeof(float);
  b.shared = b.bytes <= most_shared_bytes;
  const std::int64_t batches = (p.rows() + b.rows - 1) / b.rows;
  b.blocks = std::min(batches, b.shared ? std::int64_t{1} << 20 : most_blocks_with_workspace);
  return b;
}

struct ButterflyArgs {
  HadamardProblem p;
  std::int64_t batch_rows;
  float* workspace;  // null: shared memory
  int sign_words;    // of a row of H_q
};

__device__ float load(const HadamardProblem& p, std::int64_t i) {
  if (p.x_dtype == DType::f32) return static_cast<const float*>(p.x)[i];
  if (p.x_dtype == DType::f16) return __half2float(static_cast<const __half*>(p.x)[i]);
  return __bfloat162float(static_cast<const __nv_bfloat16*>(p.x)[i]);
}

__device__ void store(const HadamardProblem& p, std::int64_t i, float value) {
  if (p.x_dtype == DType::f32) {
    static_cast<float*>(p.y)[i] = value;
  } else if (p.x_dtype == DType::f16) {
    static_cast<__half*>(p.y)[i] = __float2half_rn(value);
  } else {
    static_cast<__nv_bfloat16*>(p.y)[i] = __float2bfloat16_rn(value);
  }
}

__device__ std::int64_t row_offset(const HadamardProblem& p, const HadamardStrides& s,
                                   std::int64_t row) {
  return row / p.inner * s.outer + row % p.inner * s.inner;
}

// Calls f(place in the batch, row, element) for every `step`-th element of a batch, in the order in
// which neighbouring threads find neighbouring memory.
template <class F>
__device__ void for_each_element(const HadamardProblem& p, const HadamardStrides& s,
                                 std::int64_t first_row, std::int64_t rows, int step, F f) {
  const std::int64_t width = p.n / step;
  for (std::int64_t i = threadIdx.x; i < rows * width; i += threads) {
    const bool along_row = s.element == 1 || rows == 1;
    const std::int64_t row = along_row ? i / width : i % rows;
    const std::int64_t element = (along_row ? i % width : i / rows) * step;
    f(row * p.n + element, first_row + row, element);
  }
}

__device__ void sum_bits(const HadamardProblem& p, std::int64_t count, float* sums) {
  for (int bit = 0; bit < p.size.p; ++bit) {
    const std::int64_t step = std::int64_t{1} << bit;
    for (std::int64_t i = threadIdx.x; i < count / 2; i += threads) {
      const std::int64_t low = (i >> bit << (bit + 1)) + (i & (step - 1));
      core::hadamard::butterfly(sums[low], sums[low + step]);
    }
    __syncthreads();
  }
}

__device__ float sum_of_order(const ButterflyArgs& a, const std::uint32_t* signs, const float* sums,
                              std::int64_t place) {
  const std::int64_t in_piece = place % a.p.size.n();
  const int i = static_cast<int>(in_piece >> a.p.size.p);
  const float* const column = sums + place - (in_piece - (in_piece & ((1LL << a.p.size.p) - 1)));
  float sum = 0;
  for (int j = 0; j < a.p.size.q; ++j) {
    const int row = a.p.transpose ? j : i, bit = a.p.transpose ? i : j;
    const bool minus = (signs[row * a.sign_words + bit / 32] >> bit % 32 & 1) != 0;
    const float value = column[static_cast<std::int64_t>(j) << a.p.size.p];
    sum += minus ? -value : value;
  }
  return sum;
}

// The scale of each group of the batch, by a warp each, to memory.
__device__ void make_scales(const HadamardProblem& p, std::int64_t first, std::int64_t count,
                            const float* values) {
  const int lane = threadIdx.x % 32;
  for (std::int64_t g = threadIdx.x / 32; g < count / p.group; g += threads / 32) {
    std::uint32_t bits = 0;
    for (std::int64_t e = lane; e < p.group; e += 32) {
      bits = max(bits, magnitude_bits(values[g * p.group + e]));
    }
    bits = __reduce_max_sync(0xFFFFFFFFU, bits);
    if (lane == 0) {
      p.scales[first / p.group + g] = core::scale_for(__uint_as_float(bits), p.kind);
    }
  }
  __syncthreads();
}

__device__ float inverse_scale(const HadamardProblem& p, std::int64_t element) {
  return 1 / (p.group == 0 ? p.scales[0] : p.scales[element / p.group]);
}

__device__ void store_batch(const HadamardProblem& p, std::int64_t first_row, std::int64_t rows,
                            const float* values) {
  using core::CodeKind;
  auto* const bytes_g = static_cast<std::uint8_t*>(p.y);
  const int step = p.kind == CodeKind::int4 ? 2 : 1;
  for_each_element(p, p.y_strides, first_row, rows, step,
                   [&](std::int64_t place, std::int64_t row, std::int64_t element) {
                     const std::int64_t to =
                         row_offset(p, p.y_strides, row) + element / step * p.y_strides.element;
                     if (p.kind == CodeKind::none) return store(p, to, values[place]);
                     const std::int64_t dense = row * p.n + element;
                     const float value = values[place] * inverse_scale(p, dense);
                     if (p.kind == CodeKind::int4) {
                       const float next = values[place + 1] * inverse_scale(p, dense + 1);
                       bytes_g[to] = static_cast<std::uint8_t>(nibble(value) | nibble(next) << 4);
                     } else {
                       bytes_g[to] = static_cast<std::uint8_t>(four_codes(p.kind, value, 0, 0, 0));
                     }
                   });
}

template <int sign_count>
__global__ void __launch_bounds__(threads)
    butterfly_kernel(const __grid_constant__ ButterflyArgs a,
                     const __grid_constant__ Signs<sign_count> order) {
  const HadamardProblem& p = a.p;
  const std::int64_t most = a.batch_rows * p.n;
  float* const sums = a.workspace == nullptr
                          ? ptx::dynamic_shared<float>()
                          : a.workspace + blockIdx.x * most * (p.size.q > 1 ? 2 : 1);
  float* const values = p.size.q > 1 ? sums + most : sums;
  const std::int64_t all_rows = p.outer * p.inner;
  std::uint32_t largest = 0;
  for (std::int64_t first = blockIdx.x * a.batch_rows; first < all_rows;
       first += gridDim.x * a.batch_rows) {
    const std::int64_t rows = min(a.batch_rows, all_rows - first);
    for_each_element(p, p.x_strides, first, rows, 1,
                     [&](std::int64_t place, std::int64_t row, std::int64_t element) {
                       const float x =
                           load(p, row_offset(p, p.x_strides, row) + element * p.x_strides.element);
                       const bool flip = p.signs_before != nullptr && p.signs_before[element] < 0;
                       sums[place] = flip ? -x : x;
                     });
    __syncthreads();
    sum_bits(p, rows * p.n, sums);
    for (std::int64_t i = threadIdx.x; i < rows * p.n; i += threads) {
      float value = (sign_count > 1 ? sum_of_order(a, order.words, sums, i) : sums[i]) * p.scale;
      if (p.signs_after != nullptr && p.signs_after[i % p.n] < 0) value = -value;
      values[i] = value;
      largest = max(largest, magnitude_bits(value));
    }
    __syncthreads();
    if (p.group > 0) make_scales(p, first * p.n, rows * p.n, values);
    store_batch(p, first, rows, values);
    __syncthreads();
  }
  if (p.amax != nullptr) raise_amax(p.amax, largest, threadIdx.x % 32);
}

}  // namespace

std::size_t butterfly_workspace(const HadamardProblem& p, const DeviceInfo&) {
  const Batch b = batch_of(p);
  return b.shared ? 0 : static_cast<std::size_t>(b.blocks) * b.bytes;
}

double predict_butterfly(const HadamardProblem& p, const DeviceInfo& device) {
  const double elements = static_cast<double>(p.rows()) * static_cast<double>(p.n);
  // An element at a time, 30 instructions a step; an SM starts 128 a clock.
  const double steps = p.size.p + 4 + (p.size.q > 1 ? p.size.q : 0);
  const double sms = std::min<double>(device.workers, static_cast<double>(batch_of(p).blocks));
  return 3 + 0.05 * steps + elements * steps * 30 / (128 * 1700 * sms);
}

void launch_butterfly(const HadamardProblem& p, const DeviceInfo&, void* workspace) {
  const DeviceGuard guard(p.device.index, "hadamard");
  const Batch b = batch_of(p);
  const ButterflyArgs a{p, b.rows, b.shared ? nullptr : static_cast<float*>(workspace),
                        core::sign_words(p.size.q)};
  const LaunchShape shape{.grid = b.blocks,
                          .threads = threads,
                          .shared_bytes = b.shared ? b.bytes : 0,
                          .stream = p.stream};
  if (p.size.q == 1) {
    launch_kernel("hadamard", shape, butterfly_kernel<1>, a, Signs<1>{});
  } else {
    Signs<most_sign_words> signs{};
    copy_order_signs(p.size.q, signs.words);
    launch_kernel("hadamard", shape, butterfly_kernel<most_sign_words>, a, signs);
  }
}

}  // namespace halfbyte::cuda::hadamard
