// Plain loops over the packed form: what every other kernel is checked against, and the kernel of
// last resort. Column blocks are independent, so threads share them without changing a bit.
#include <vector>

#include "cpu/backend.h"
#include "cpu/n16.h"
#include "cpu/threads.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cpu {
namespace {

float scale_of(const N16& w, const Buffer& values, std::int64_t index) {
  return static_cast<float>(load_element(values.data(), w.scale_dtype, index));
}

// w = (v - z) s or v s + m of one position and column, exact in Real for 16-bit scales.
template <class Real>
Real weight_at(const N16& w, std::int64_t block, std::int64_t column, std::int64_t position,
               std::int32_t group) {
  const auto place = core::n16::code_place(position, column, w.container_bits);
  const std::uint32_t q =
      w.block_codes(block)[place.byte] >> place.shift & ((1U << w.container_bits) - 1U);
  const Real v = w.meaning == CodeMeaning::affine ? static_cast<Real>(q) : Real{w.table[q]};
  const std::int64_t index = w.group_index(block, group) + column;
  const Real s = scale_of(w, w.scales, index);
  switch (w.zero_kind) {
    case ZeroKind::symmetric:
      return (v - Real{w.implied_zero}) * s;
    case ZeroKind::integer:
      return (v - static_cast<Real>(w.zeros.data()[index])) * s;
    case ZeroKind::real:
      return (v - Real{scale_of(w, w.offsets, index)}) * s;
    case ZeroKind::minimum:
      return v * s + Real{scale_of(w, w.offsets, index)};
  }
  return 0;
}

template <class Real>
void multiply_block(const LinearProblem& p, const N16& w, std::int64_t block) {
  std::vector<Real> sums(static_cast<std::size_t>(p.m * core::n16::block_columns), Real{0});
  for (const Chunk& chunk : w.chunks) {
    for (std::int64_t i = 0; i < chunk.count; ++i) {
      const std::int64_t position = chunk.first + i;
      const std::int64_t row =
          w.source.empty() ? position : w.source[static_cast<std::size_t>(position)];
      for (std::int64_t c = 0; c < core::n16::block_columns; ++c) {
        if (block * core::n16::block_columns + c >= p.n) break;
        const Real weight = weight_at<Real>(w, block, c, position, chunk.group);
        for (std::int64_t m = 0; m < p.m; ++m) {
          const auto x = static_cast<Real>(
              load_element(p.x.data, p.x.dtype, m * p.x.strides[0] + row * p.x.strides[1]));
          sums[static_cast<std::size_t>(m * core::n16::block_columns + c)] += x * weight;
        }
      }
    }
  }
  for (std::int64_t m = 0; m < p.m; ++m) {
    for (std::int64_t c = 0; c < core::n16::block_columns; ++c) {
      const std::int64_t n = block * core::n16::block_columns + c;
      if (n >= p.n) break;
      Real sum = sums[static_cast<std::size_t>(m * core::n16::block_columns + c)];
      if (p.bias.data != nullptr) {
        sum += static_cast<Real>(load_element(p.bias.data, p.bias.dtype, n * p.bias.strides[0]));
      }
      store_element(p.y.data, p.y.dtype, m * p.y.strides[0] + n * p.y.strides[1],
                    static_cast<double>(sum));
    }
  }
}

}  // namespace

void reference(const LinearProblem& problem, bool accumulate_f64) {
  const N16& w = n16_of(*problem.w);
  parallel_for(w.blocks(), [&](std::int64_t block) {
    accumulate_f64 ? multiply_block<double>(problem, w, block)
                   : multiply_block<float>(problem, w, block);
  });
}

}  // namespace halfbyte::cpu
