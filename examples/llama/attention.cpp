#include "llama/attention.h"

#include <algorithm>
#include <cmath>

#include "llama/parallel.h"
#include "llama/wide.h"

namespace llama {
namespace {

// The sum of a[i] b[i], in eight running sums.
[[gnu::always_inline]] inline float dot(const float* a, const float* b, std::int64_t width) {
  Wide sums = {};
  std::int64_t i = 0;
  for (; i + 8 <= width; i += 8) {
    Wide left, right;
    load(a + i, left);
    load(b + i, right);
    sums += left * right;
  }
  sums += __builtin_shufflevector(sums, sums, 4, 5, 6, 7, 0, 1, 2, 3);
  sums += __builtin_shufflevector(sums, sums, 2, 3, 0, 1, 6, 7, 4, 5);
  float sum = sums[0] + sums[1];
  for (; i < width; ++i) sum += a[i] * b[i];
  return sum;
}

// y += factor * x.
[[gnu::always_inline]] inline void add_scaled(float factor, const float* x, std::int64_t width,
                                              float* y) {
  std::int64_t i = 0;
  for (; i + 8 <= width; i += 8) {
    Wide from, to;
    load(x + i, from);
    load(y + i, to);
    store(to + factor * from, y + i);
  }
  for (; i < width; ++i) y[i] += factor * x[i];
}

// One query against positions 0 ... count-1; weights holds `count` floats of scratch.
void attend_one(const float* query, std::int64_t count, const float* keys, const float* values,
                std::int64_t row_stride, std::int64_t head_dim, float* weights, float* out) {
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

void Rotary::reach(std::int64_t count) {
  for (auto t = static_cast<std::int64_t>(cos_.size()) / half_; t < count; ++t) {
    for (std::int64_t i = 0; i < half_; ++i) {
      const double angle = static_cast<double>(t) *
                           std::pow(theta_, -static_cast<double>(i) / static_cast<double>(half_));
      cos_.push_back(static_cast<float>(std::cos(angle)));
      sin_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void Rotary::apply(float* rows, std::int64_t m, std::int64_t heads, std::int64_t first) const {
  for (std::int64_t r = 0; r < m * heads; ++r) {
    float* low = rows + r * 2 * half_;
    float* high = low + half_;
    const float* c = cos_.data() + (first + r / heads) * half_;
    const float* s = sin_.data() + (first + r / heads) * half_;
    for (std::int64_t i = 0; i < half_; ++i) {
      const float l = low[i];
      low[i] = l * c[i] - high[i] * s[i];
      high[i] = high[i] * c[i] + l * s[i];
    }
  }
}

void attend(const float* q, std::int64_t m, std::int64_t first, const float* keys,
            const float* values, const HeadShape& shape, float* out) {
  const std::int64_t stride = shape.kv_heads * shape.head_dim;
  const std::int64_t products = 2 * m * shape.heads * shape.head_dim * (first + m);
  run_parallel(m, products, [&](std::int64_t row) {
    std::vector<float> weights(static_cast<std::size_t>(first + row + 1));
    for (std::int64_t head = 0; head < shape.heads; ++head) {
      const std::int64_t at = (row * shape.heads + head) * shape.head_dim;
      const std::int64_t kv_head = head / (shape.heads / shape.kv_heads);
      attend_one(q + at, first + row + 1, keys + kv_head * shape.head_dim,
                 values + kv_head * shape.head_dim, stride, shape.head_dim, weights.data(),
                 out + at);
    }
  });
}

}  // namespace llama
