// The CPU backend's rows for rotary_hadamard(): heads of a token are rotated into f32 memory, from
// which the Hadamard kernel of the same instruction set goes on to y.
#include <algorithm>
#include <array>

#include "core/schedule/work.h"
#include "cpu/backend.h"
#include "cpu/hadamard/hadamard.h"
#include "cpu/hadamard/rows.h"
#include "cpu/threads.h"

namespace halfbyte::cpu {
namespace {

// 16 KB of f32 stay in L1 between the two steps.
constexpr std::int64_t heads_elements = 4096;

// hadamard() of `count` heads of a token, from `rotated`.
HadamardProblem transform_of(const RotaryProblem& p, std::int64_t token, std::int64_t first,
                             std::int64_t count, const float* rotated) {
  HadamardProblem h = p.heads;
  const std::int64_t y = token * h.y_strides.outer + first * h.y_strides.inner;
  h.x = rotated;
  h.y = static_cast<std::byte*>(h.y) + y * static_cast<std::int64_t>(size_of(h.y_dtype));
  h.x_dtype = DType::f32;
  h.x_strides = {h.n, 0, 1};
  h.y_strides = {h.y_strides.inner, 0, h.y_strides.element};
  h.outer = count;
  h.inner = 1;
  h.in_place = false;
  if (h.group > 0) h.scales += (token * p.heads.inner + first) * (h.n / h.group);
  return h;
}

// f(token, first head, heads) for all of them, in pieces.
template <class F>
void for_each_piece(const RotaryProblem& p, bool in_threads, const F& f) {
  const std::int64_t at_once =
      std::clamp<std::int64_t>(heads_elements / p.heads.n, 1, p.heads.inner);
  const std::int64_t pieces = core::ceil_div(p.heads.inner, at_once);
  const auto piece = [&](std::int64_t i) {
    const std::int64_t first = i % pieces * at_once;
    f(i / pieces, first, std::min(at_once, p.heads.inner - first));
  };
  if (in_threads) return parallel_for(p.heads.outer * pieces, piece);
  for (std::int64_t i = 0; i < p.heads.outer * pieces; ++i) piece(i);
}

void run_along(const RotaryProblem& p, const HadamardSimd& simd) {
  const std::uint32_t* signs = sign_rows_of(p.heads);
  for_each_piece(p, true, [&](std::int64_t token, std::int64_t first, std::int64_t count) {
    alignas(64) float rotated[core::max_hadamard_size];
    simd.rotate(p, token, first, count, rotated);
    const HadamardProblem h = as_one_row(transform_of(p, token, first, count, rotated));
    for (std::int64_t row = 0; row < h.outer; ++row) {
      simd.along_row(h, {row, 0, h.n, signs, false});
    }
  });
}

// The rows of a piece are what the threads share here.
void run_reference(const RotaryProblem& p) {
  for_each_piece(p, false, [&](std::int64_t token, std::int64_t first, std::int64_t count) {
    alignas(64) float rotated[core::max_hadamard_size];
    simd::hadamard_scalar().rotate(p, token, first, count, rotated);
    hadamard_reference(transform_of(p, token, first, count, rotated));
  });
}

template <const HadamardSimd& (*simd)()>
std::string_view reject(const RotaryProblem& p, const DeviceInfo& device) {
  return reject_along<simd>(p.heads, device);
}

double predict(const RotaryProblem& p, const DeviceInfo& device) {
  return 1.3 * predict_along(p.heads, device);
}

template <Isa isa, const HadamardSimd& (*simd)()>
constexpr RotaryKernel row(std::string_view name) {
  return {name,
          "rotated into f32, then the butterflies of hadamard_along_row",
          DeviceType::cpu,
          needs<isa>,
          reject<simd>,
          predict,
          [](const RotaryProblem& p, const DeviceInfo&) { run_along(p, simd()); }};
}

using namespace simd;

constexpr std::array rows{
    row<Isa::avx512, hadamard_avx512>("cpu/avx512/rotary_hadamard"),
    row<Isa::avx2, hadamard_avx2>("cpu/avx2/rotary_hadamard"),
    row<Isa::scalar, hadamard_scalar>("cpu/scalar/rotary_hadamard"),
    RotaryKernel{
        "cpu/rotary_hadamard_reference", "rotated into f32, then plain loops in f64",
        DeviceType::cpu, needs<Isa::scalar>,
        [](const RotaryProblem&, const DeviceInfo&) { return std::string_view{}; },
        [](const RotaryProblem& p, const DeviceInfo&) { return microseconds(p.heads, 1000); },
        [](const RotaryProblem& p, const DeviceInfo&) { run_reference(p); }},
};

}  // namespace

std::span<const RotaryKernel> rotary_kernels() { return rows; }

}  // namespace halfbyte::cpu
