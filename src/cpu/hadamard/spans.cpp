// How a problem becomes tasks of the threads: whole pieces, 32 KB of x and more.
#include <algorithm>

#include "core/hadamard/signs.h"
#include "core/schedule/work.h"
#include "cpu/hadamard/hadamard.h"
#include "cpu/threads.h"
#include "halfbyte/threads.h"

namespace halfbyte::cpu {
namespace {

// A task of this many elements takes about 10 us, ten times what starting it does.
constexpr std::int64_t task_elements = 16384;

// Large problems have larger ones: the first lines of a task are waited for and its last ones
// drained (two cores, f16, 33.5 M elements of n = 8192: 8.2 ms, then 7.2). Not those whose f32
// values stay in the caches.
std::int64_t elements_of_task(const HadamardProblem& p) {
  if (!rounds_only(p)) return task_elements;
  const std::int64_t share = p.rows() * p.n / (16 * std::int64_t{num_threads()});
  return std::clamp(share, task_elements, 8 * task_elements);
}

// Outputs that no cache keeps for their reader are written past the caches: a line need not be read
// before it is written, two transfers in place of three.
constexpr std::int64_t streamed_bytes = std::int64_t{16} << 20;

constexpr auto transposed_signs = core::make_hadamard_signs<true>();

}  // namespace

HadamardProblem as_one_row(const HadamardProblem& p) {
  const std::int64_t per_byte = p.kind == core::CodeKind::int4 ? 2 : 1;
  const bool dense =
      p.inner == 1 && p.x_strides.element == 1 && p.y_strides.element == 1 &&
      (p.outer == 1 || (p.x_strides.outer == p.n && p.y_strides.outer * per_byte == p.n));
  if (!dense || p.group != 0 || p.signs_before != nullptr || p.signs_after != nullptr) return p;
  HadamardProblem one = p;
  one.n = p.n * p.outer;
  one.outer = 1;
  return one;
}

const std::uint32_t* sign_rows_of(const HadamardProblem& p) {
  if (p.size.q == 1) return nullptr;
  const auto& words = p.transpose ? transposed_signs : core::hadamard_signs;
  return words.data() + core::first_sign_word(p.size.q);
}

void run_along_rows(const HadamardProblem& problem, const HadamardSimd& simd) {
  const HadamardProblem p = as_one_row(problem);
  // Pieces under one scale stay together.
  const std::int64_t unit = std::max(p.size.n(), p.group);
  const std::int64_t elements = elements_of_task(p);
  const std::int64_t span = unit * std::max<std::int64_t>(1, elements / unit);
  const std::int64_t spans = core::ceil_div(p.n, span);  // of a row
  const std::int64_t rows = spans > 1 ? 1 : std::max<std::int64_t>(1, elements / p.n);
  const std::int64_t y_bytes = p.rows() * p.n * static_cast<std::int64_t>(size_of(p.y_dtype));
  const bool stream = !p.in_place && y_bytes >= streamed_bytes;
  const std::uint32_t* sign_rows = sign_rows_of(p);
  parallel_for(core::ceil_div(p.rows(), rows) * spans, [&](std::int64_t task) {
    const std::int64_t first = task % spans * span;
    const std::int64_t row = task / spans * rows;
    for (std::int64_t r = row; r < std::min(row + rows, p.rows()); ++r) {
      simd.along_row(p, {r, first, std::min(span, p.n - first), sign_rows, stream});
    }
  });
}

void run_across_rows(const HadamardProblem& p, const HadamardSimd& simd) {
  const std::int64_t lanes = simd.lanes;
  // Vectors of adjacent inner positions, and the rest of each run; a row of a task otherwise.
  const std::int64_t run = p.inner > 1 ? p.inner : p.outer;
  const std::int64_t vectors = core::ceil_div(run, lanes);
  const std::uint32_t* sign_rows = sign_rows_of(p);
  const std::int64_t at_once = std::max<std::int64_t>(1, task_elements / (p.n * lanes));
  const std::int64_t tasks_of_run = core::ceil_div(vectors, at_once);
  parallel_for(p.rows() / run * tasks_of_run, [&](std::int64_t task) {
    const std::int64_t start = task / tasks_of_run * run;
    const std::int64_t first = task % tasks_of_run * at_once;
    for (std::int64_t v = first; v < std::min(first + at_once, vectors); ++v) {
      const std::int64_t count = std::min(lanes, run - v * lanes);
      simd.across_rows(p, {start + v * lanes, 0, count, sign_rows, false});
    }
  });
}

}  // namespace halfbyte::cpu
