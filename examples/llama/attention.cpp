#include "llama/attention.h"

#include <algorithm>
#include <cmath>

#include "halfbyte/threads.h"
#include "llama/wide.h"

namespace llama {
namespace {

// Sum of a[i] b[i] in eight running sums, and y += factor * x.
[[gnu::always_inline]] inline float dot(const float* a, const float* b, int width) {
  Wide sums = {};
  int i = 0;
  for (; i + 8 <= width; i += 8) {
    sums += *reinterpret_cast<const WideInMemory*>(a + i) *
            *reinterpret_cast<const WideInMemory*>(b + i);
  }
  float sum =
      ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
  for (; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

[[gnu::always_inline]] inline void add_scaled(float factor, const float* x, int width, float* y) {
  int i = 0;
  for (; i + 8 <= width; i += 8) {
    *reinterpret_cast<WideInMemory*>(y + i) +=
        factor * *reinterpret_cast<const WideInMemory*>(x + i);
  }
  for (; i < width; ++i) y[i] += factor * x[i];
}

// One query against positions 0 ... count-1; weights holds `count` floats of scratch.
void attend_one(const float* query, std::int64_t count, const float* keys, const float* values,
                std::int64_t row_stride, int head_dim, float* weights, float* out) {
  const float scale = 1.0F / std::sqrt(static_cast<float>(head_dim));
  run_wide([=]() __attribute__((always_inline)) {
    for (std::int64_t t = 0; t < count; ++t) {
      weights[t] = dot(query, keys + t * row_stride, head_dim) * scale;
    }
  });
  const float top = *std::max_element(weights, weights + count);
  float sum = 0;
  for (std::int64_t t = 0; t < count; ++t) {
    weights[t] = std::exp(weights[t] - top);
    sum += weights[t];
  }
  std::fill_n(out, head_dim, 0.0F);
  run_wide([=]() __attribute__((always_inline)) {
    for (std::int64_t t = 0; t < count; ++t) {
      add_scaled(weights[t] / sum, values + t * row_stride, head_dim, out);
    }
  });
}

}  // namespace

Rotary::Rotary(int positions, int head_dim, double theta) : half_(head_dim / 2) {
  for (int t = 0; t < positions; ++t) {
    for (int i = 0; i < half_; ++i) {
      const double angle = t * std::pow(theta, -2.0 * i / head_dim);
      cos_.push_back(static_cast<float>(std::cos(angle)));
      sin_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void Rotary::apply(float* rows, std::int64_t m, int heads, std::int64_t first) const {
  for (std::int64_t r = 0; r < m * heads; ++r) {
    float* low = rows + r * 2 * half_;
    float* high = low + half_;
    const std::int64_t at = (first + r / heads) * half_;
    for (int i = 0; i < half_; ++i) {
      const float c = cos_[static_cast<std::size_t>(at + i)];
      const float s = sin_[static_cast<std::size_t>(at + i)];
      const float l = low[i];
      low[i] = l * c - high[i] * s;
      high[i] = high[i] * c + l * s;
    }
  }
}

void attend(const float* q, std::int64_t m, std::int64_t first, const float* keys,
            const float* values, const HeadShape& shape, float* out) {
  const std::int64_t stride = std::int64_t{shape.kv_heads} * shape.head_dim;
#pragma omp parallel num_threads(halfbyte::num_threads())
  {
    std::vector<float> weights(static_cast<std::size_t>(first + m));
#pragma omp for schedule(dynamic, 16)
    for (std::int64_t i = 0; i < m * shape.heads; ++i) {
      const std::int64_t kv_head = i % shape.heads / (shape.heads / shape.kv_heads);
      attend_one(q + i * shape.head_dim, first + i / shape.heads + 1,
                 keys + kv_head * shape.head_dim, values + kv_head * shape.head_dim, stride,
                 shape.head_dim, weights.data(), out + i * shape.head_dim);
    }
  }
}

}  // namespace llama
