// Calls of hadamard() for tests: random rows, guarded outputs, float64 sums and their bound.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/hadamard/signs.h"
#include "halfbyte/halfbyte.h"
#include "tests/support/guarded.h"

namespace halfbyte::test {

// Every size that there is.
inline std::vector<std::int64_t> hadamard_sizes(std::int64_t largest = core::max_hadamard_size) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t n = 1; n <= largest; ++n) {
    if (has_hadamard(n)) sizes.push_back(n);
  }
  return sizes;
}

// The kernels of this machine that can run a call.
inline std::vector<std::string> kernels_for(const TensorView& x, const TensorView& y,
                                            HadamardOptions options) {
  std::vector<std::string> names;
  for (const KernelInfo& kernel : hadamard_kernels()) {
    if (!kernel.unavailable.empty()) continue;
    options.kernel = kernel.name;
    try {
      (void)plan_hadamard(x, y, options);
      names.push_back(kernel.name);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    }
  }
  EXPECT_FALSE(names.empty());
  return names;
}

// `count` numbers of a type.
struct Numbers {
  DType dtype;
  std::vector<std::byte> bytes;

  Numbers(DType type, std::int64_t count)
      : dtype(type), bytes(static_cast<std::size_t>(count) * size_of(type)) {}
  double at(std::int64_t i) const { return load_element(bytes.data(), dtype, i); }
  void set(std::int64_t i, double value) { store_element(bytes.data(), dtype, i, value); }
  std::int64_t size() const { return static_cast<std::int64_t>(bytes.size() / size_of(dtype)); }
};

inline Numbers random_reals(DType dtype, std::int64_t count, unsigned seed) {
  Numbers numbers(dtype, count);
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  for (std::int64_t i = 0; i < count; ++i) numbers.set(i, normal(generator));
  return numbers;
}

// -largest ... largest.
inline Numbers random_integers(DType dtype, std::int64_t count, int largest, unsigned seed) {
  Numbers numbers(dtype, count);
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> uniform(-largest, largest);
  for (std::int64_t i = 0; i < count; ++i) numbers.set(i, uniform(generator));
  return numbers;
}

// H x or H^T x of one piece, in float64, and sum |x|.
struct Transformed {
  std::vector<double> y;
  double magnitude = 0;
};
inline Transformed transform_f64(const std::vector<double>& x, bool transpose = false) {
  const core::HadamardSize size = core::hadamard_size(static_cast<std::int64_t>(x.size()));
  const std::size_t low = std::size_t{1} << size.p;
  std::vector<double> v = x;
  for (std::size_t half = 1; half < low; half *= 2) {
    for (std::size_t i = 0; i < v.size(); ++i) {
      if ((i & half) != 0) continue;
      const double a = v[i], b = v[i + half];
      v[i] = a + b;
      v[i + half] = a - b;
    }
  }
  Transformed out{std::vector<double>(v.size()), 0};
  for (int a = 0; a < size.q; ++a) {
    for (int b = 0; b < size.q; ++b) {
      const int sign =
          transpose ? core::order_entry(size.q, b, a) : core::order_entry(size.q, a, b);
      for (std::size_t j = 0; j < low; ++j) {
        out.y[static_cast<std::size_t>(a) * low + j] +=
            sign * v[static_cast<std::size_t>(b) * low + j];
      }
    }
  }
  for (const double value : x) out.magnitude += std::fabs(value);
  return out;
}

// The bound of docs/hadamard.md on |y - y64|: p levels, up to q / 4 + 4 additions more, the scale.
inline double hadamard_bound(std::int64_t n, DType out, double y64, double scaled_magnitude) {
  const core::HadamardSize size = core::hadamard_size(n);
  const double additions = size.p + (size.q > 1 ? size.q / 4 + 4 : 0) + 3;
  const double unit = out == DType::f16 ? 0x1p-11 : out == DType::bf16 ? 0x1p-8 : 0x1p-24;
  const double tiny = out == DType::f16 ? 0x1p-25 : 0x1p-134;
  return unit * std::fabs(y64) + tiny + (1 + unit) * additions * 0x1p-24 * scaled_magnitude;
}

}  // namespace halfbyte::test
