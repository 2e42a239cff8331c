// Dense weights for the quantiser's tests.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "halfbyte/quantize.h"

namespace halfbyte::test {

// (n, k) normal weights with a heavy outlier in every 97th place.
inline std::vector<float> normal_weight(std::int64_t n, std::int64_t k, unsigned seed,
                                        float sigma = 0.02F) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> w(static_cast<std::size_t>(n * k));
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = normal(bits) * (i % 97 == 5 ? 6.0F : 1.0F);
  return w;
}

inline TensorView view_nk(const std::vector<float>& w, std::int64_t n, std::int64_t k) {
  return TensorView::matrix(w.data(), DType::f32, n, k);
}

inline double squared_error(const std::vector<float>& w, const QuantizedWeight& q) {
  double sum = 0;
  for (std::int64_t j = 0; j < q.n; ++j) {
    for (std::int64_t i = 0; i < q.k; ++i) {
      const double error = w[static_cast<std::size_t>(j * q.k + i)] - q.value(i, j);
      sum += error * error;
    }
  }
  return sum;
}

// W' as (n, k) in f32: exact, since a code times a 16-bit scale has at most 19 bits.
inline std::vector<float> dequantized_nk(const QuantizedWeight& q) {
  std::vector<float> w(static_cast<std::size_t>(q.n * q.k));
  for (std::int64_t j = 0; j < q.n; ++j) {
    for (std::int64_t i = 0; i < q.k; ++i) {
      w[static_cast<std::size_t>(j * q.k + i)] = static_cast<float>(q.value(i, j));
    }
  }
  return w;
}

}  // namespace halfbyte::test
