#include "bench/random_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "halfbyte/numeric.h"

namespace halfbyte::bench {

std::vector<std::byte> random_rows(std::int64_t m, std::int64_t k, DType dtype) {
  std::vector<std::byte> x(static_cast<std::size_t>(m * k) * size_of(dtype));
  std::mt19937 random(20240201);
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < m * k; ++i) store_element(x.data(), dtype, i, normal(random));
  return x;
}

QuantizedWeight random_weight(std::int64_t k, std::int64_t n, std::int64_t group,
                              std::uint64_t seed) {
  QuantizedWeight w;
  w.k = k;
  w.n = n;
  w.group_size = group == -1 ? std::max<std::int64_t>(k, 1) : group;
  w.groups = w.group_size > 0 ? (k + w.group_size - 1) / w.group_size : 0;
  w.codes.resize(static_cast<std::size_t>(n * w.code_bytes_per_column()));
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < w.codes.size(); i += 8) {
    const std::uint64_t bits = random();
    std::memcpy(w.codes.data() + i, &bits, std::min<std::size_t>(8, w.codes.size() - i));
  }
  // Scales around 1/sqrt(k), as in a trained layer: y stays near 1 for x near 1.
  const auto cells = static_cast<std::size_t>(w.groups * n);
  w.scales.resize(cells * size_of(DType::f16));
  const double typical = 0.2 / std::sqrt(static_cast<double>(std::max<std::int64_t>(k, 1)));
  std::uniform_real_distribution<double> spread(0.5, 1.5);
  for (std::size_t i = 0; i < cells; ++i) {
    store_element(w.scales.data(), DType::f16, static_cast<std::int64_t>(i),
                  typical * spread(random));
  }
  return w;
}

}  // namespace halfbyte::bench
