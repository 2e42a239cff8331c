// Plain loops in f64: what every other Hadamard kernel is checked against, and the kernel of last
// resort. Rows are independent, so threads share them without changing a bit.
#include <algorithm>
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

// One row; `piece` has space for a piece.
class Row {
 public:
  Row(const HadamardProblem& problem, std::int64_t row, double* piece)
      : p_(problem),
        row_(row),
        x_start_(row_start(problem, problem.x_strides, row)),
        y_start_(row_start(problem, problem.y_strides, row)),
        piece_(piece) {}

  void run() {
    const std::int64_t b = p_.size.n();
    const std::int64_t group = p_.group == 0 ? p_.n : p_.group;
    if (b % group == 0) {  // whole groups in a piece
      for (std::int64_t first = 0; first < p_.n; first += b) {
        compute(first);
        for (std::int64_t g = first; g < first + b; g += group) {
          store_group(first, g, g + group, reciprocal_of(g, magnitude_of(first, g, g + group)));
        }
      }
    } else {  // a group's magnitude comes first, then its pieces once more
      for (std::int64_t g = 0; g < p_.n; g += group) {
        float magnitude = 0;
        for (std::int64_t first = g / b * b; first < g + group; first += b) {
          compute(first);
          magnitude = larger_magnitude(magnitude, magnitude_of(first, g, g + group));
        }
        const float reciprocal = reciprocal_of(g, magnitude);
        for (std::int64_t first = g / b * b; first < g + group; first += b) {
          compute(first);
          store_group(first, g, g + group, reciprocal);
        }
      }
    }
    if (p_.amax != nullptr) raise_amax(p_.amax, largest_);
  }

 private:
  // The piece at element `first`, scaled and with its signs.
  void compute(std::int64_t first) {
    const std::int64_t b = p_.size.n();
    for (std::int64_t i = 0; i < b; ++i) {
      const std::int64_t at = x_start_ + (first + i) * p_.x_strides.element;
      const double x = load_element(p_.x, p_.x_dtype, at);
      piece_[i] = p_.signs_before != nullptr && p_.signs_before[first + i] < 0 ? -x : x;
    }
    transform(p_.size, p_.transpose, piece_);
    for (std::int64_t i = 0; i < b; ++i) {
      const double y = piece_[i] * static_cast<double>(p_.scale);
      piece_[i] = p_.signs_after != nullptr && p_.signs_after[first + i] < 0 ? -y : y;
    }
  }

  // Of the elements of the piece at `first` that lie in begin ... end - 1.
  float magnitude_of(std::int64_t first, std::int64_t begin, std::int64_t end) {
    float magnitude = 0;
    const std::int64_t stop = std::min(first + p_.size.n(), end);
    for (std::int64_t i = std::max(first, begin); i < stop; ++i) {
      magnitude = larger_magnitude(magnitude, static_cast<float>(piece_[i - first]));
    }
    largest_ = larger_magnitude(largest_, magnitude);
    return magnitude;
  }

  // 1 / scale of the group at `start`, whose computed scale is written.
  float reciprocal_of(std::int64_t start, float magnitude) const {
    if (p_.kind == core::CodeKind::none) return 1;
    if (p_.scaling == HadamardScaling::given) return 1.0F / *p_.scales;
    float& scale = p_.scales[(row_ * p_.n + start) / p_.group];
    scale = core::scale_for(magnitude, p_.kind);
    return 1.0F / scale;
  }

  void store_group(std::int64_t first, std::int64_t begin, std::int64_t end, float reciprocal) {
    const std::int64_t stop = std::min(first + p_.size.n(), end);
    for (std::int64_t i = std::max(first, begin); i < stop; ++i) {
      store(p_, y_start_, i, piece_[i - first], reciprocal);
    }
  }

  const HadamardProblem& p_;
  std::int64_t row_, x_start_, y_start_;
  double* piece_;
  float largest_ = 0;
};

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
    Row(problem, row, piece).run();
  });
}

}  // namespace halfbyte::cpu
