// Plain loops in f64: what every other Hadamard kernel is checked against, and the kernel of last
// resort. Rows are independent, so threads share them without changing a bit.
#include <atomic>
#include <bit>

#include "core/hadamard/signs.h"
#include "cpu/hadamard/hadamard.h"
#include "cpu/threads.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cpu {
namespace {

// v = H v or H^T v for one piece.
void transform(core::HadamardSize size, bool transpose, double* v) {
  const std::int64_t low = std::int64_t{1} << size.p;
  for (std::int64_t half = 1; half < low; half *= 2) {
    for (std::int64_t i = 0; i < size.n(); ++i) {
      if ((i & half) != 0) continue;
      const double sum = v[i] + v[i + half];
      v[i + half] = v[i] - v[i + half];
      v[i] = sum;
    }
  }
  if (size.q == 1) return;
  for (std::int64_t j = 0; j < low; ++j) {
    double mixed[172] = {};
    for (int a = 0; a < size.q; ++a) {
      for (int b = 0; b < size.q; ++b) {
        const int sign =
            transpose ? core::order_entry(size.q, b, a) : core::order_entry(size.q, a, b);
        mixed[a] += sign * v[b * low + j];
      }
    }
    for (int a = 0; a < size.q; ++a) v[a * low + j] = mixed[a];
  }
}

std::int64_t row_start(const HadamardProblem& p, const HadamardStrides& s, std::int64_t row) {
  return row / p.inner * s.outer + row % p.inner * s.inner;
}

// Element i of the row as a number of the output's kind.
void store(const HadamardProblem& p, std::int64_t start, std::int64_t i, double value,
           float reciprocal) {
  const std::int64_t at = start + i * p.y_strides.element;
  auto* bytes = static_cast<std::uint8_t*>(p.y);
  const float scaled = static_cast<float>(value) * reciprocal;
  switch (p.kind) {
    case core::CodeKind::none:
      return store_element(p.y, p.y_dtype, at, value);
    case core::CodeKind::e4m3:
    case core::CodeKind::e5m2:
      bytes[at] = core::fp8_code(scaled, p.kind);
      return;
    case core::CodeKind::int8:
      bytes[at] = static_cast<std::uint8_t>(core::integer_code(scaled, p.kind));
      return;
    case core::CodeKind::int4: {
      std::uint8_t& byte = bytes[start + i / 2 * p.y_strides.element];
      const auto code = static_cast<unsigned>(core::integer_code(scaled, p.kind)) & 15U;
      byte = static_cast<std::uint8_t>(i % 2 == 0 ? code : byte | code << 4);
    }
  }
}

// The larger by the order of bits, in which NaN is above Inf.
float larger_magnitude(float a, float b) {
  const auto bits = std::bit_cast<std::uint32_t>(b) & 0x7FFFFFFFU;
  return bits > std::bit_cast<std::uint32_t>(a) ? std::bit_cast<float>(bits) : a;
}

// `row` has space for one piece; amax has one entry a scale. Two passes: sums, then codes.
void transform_row(const HadamardProblem& p, std::int64_t row, double* piece) {
  const std::int64_t b = p.size.n();
  const std::int64_t x_start = row_start(p, p.x_strides, row);
  const std::int64_t y_start = row_start(p, p.y_strides, row);
  const auto compute = [&](std::int64_t first) {
    for (std::int64_t i = 0; i < b; ++i) {
      const double x = load_element(p.x, p.x_dtype, x_start + (first + i) * p.x_strides.element);
      piece[i] = p.signs_before != nullptr && p.signs_before[first + i] < 0 ? -x : x;
    }
    transform(p.size, p.transpose, piece);
    for (std::int64_t i = 0; i < b; ++i) {
      const double y = piece[i] * static_cast<double>(p.scale);
      piece[i] = p.signs_after != nullptr && p.signs_after[first + i] < 0 ? -y : y;
    }
  };
  const std::int64_t group = p.group == 0 ? p.n : p.group;
  const bool computed = p.kind != core::CodeKind::none && p.scaling != HadamardScaling::given;
  float largest = 0;
  for (std::int64_t start = 0; start < p.n; start += group) {
    float magnitude = 0;
    // A group may cover many pieces, or a piece many groups.
    for (std::int64_t first = start / b * b; first < start + group; first += b) {
      compute(first);
      for (std::int64_t i = 0; i < b; ++i) {
        if (first + i < start || first + i >= start + group) continue;
        magnitude = larger_magnitude(magnitude, static_cast<float>(piece[i]));
      }
    }
    largest = larger_magnitude(largest, magnitude);
    float reciprocal = 1;
    if (computed) {
      float& scale = p.scales[(row * p.n + start) / group];
      scale = core::scale_for(magnitude, p.kind);
      reciprocal = 1.0F / scale;
    } else if (p.scales != nullptr) {
      reciprocal = 1.0F / *p.scales;
    }
    // In place the inputs of a piece are gone once it is stored, so its one group is still at hand.
    for (std::int64_t first = start / b * b; first < start + group; first += b) {
      if (group > b) compute(first);
      for (std::int64_t i = 0; i < b; ++i) {
        if (first + i < start || first + i >= start + group) continue;
        store(p, y_start, first + i, piece[i], reciprocal);
      }
    }
  }
  if (p.amax != nullptr) raise_amax(p.amax, largest);
}

}  // namespace

void raise_amax(float* amax, float magnitude) {
  std::atomic_ref<float> shared(*amax);
  float seen = shared.load(std::memory_order_relaxed);
  while (std::bit_cast<std::uint32_t>(magnitude) > std::bit_cast<std::uint32_t>(seen)) {
    if (shared.compare_exchange_weak(seen, magnitude, std::memory_order_relaxed)) return;
  }
}

void hadamard_reference(const HadamardProblem& problem) {
  parallel_for(problem.rows(), [&](std::int64_t row) {
    double piece[core::max_hadamard_size];
    transform_row(problem, row, piece);
  });
}

}  // namespace halfbyte::cpu
