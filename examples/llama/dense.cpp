#include "llama/dense.h"

#include <algorithm>

#include "halfbyte/numeric.h"
#include "llama/parallel.h"
#include "llama/wide.h"

namespace llama {
namespace {

constexpr int columns = DenseWeight::columns;
constexpr int tile_rows = 6;  // 6 x 16 sums fill 12 of the 16 vector registers of AVX2

// Up to 6 rows of x times one panel. Rows beyond `rows` read row 0 again and are not stored.
void multiply_tile(const float* x, std::int64_t rows, const DenseWeight& w, std::int64_t panel,
                   float* y) {
  Wide sum[tile_rows][2] = {};
  run_wide([&]() __attribute__((always_inline)) {
    const std::int64_t k = w.k;
    const float* row[tile_rows];
    for (int r = 0; r < tile_rows; ++r) row[r] = x + (r < rows ? r : 0) * k;
    const float* weights = w.panels.data() + panel * k * columns;
    Wide kept[tile_rows][2] = {};
    for (std::int64_t p = 0; p < k; ++p) {
      Wide low, high;
      load(weights + p * columns, low);
      load(weights + p * columns + 8, high);
#pragma GCC unroll 6
      for (int r = 0; r < tile_rows; ++r) {
        kept[r][0] += low * row[r][p];
        kept[r][1] += high * row[r][p];
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < tile_rows; ++r) {
      sum[r][0] = kept[r][0];
      sum[r][1] = kept[r][1];
    }
  });
  const std::int64_t first = panel * columns;
  const std::int64_t width = std::min<std::int64_t>(columns, w.n - first);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t j = 0; j < width; ++j) y[r * w.n + first + j] = sum[r][j / 8][j % 8];
  }
}

}  // namespace

DenseWeight make_dense(const halfbyte::HostTensor& tensor) {
  DenseWeight w{.k = tensor.shape.at(1), .n = tensor.shape.at(0), .panels = {}};
  const std::int64_t panels = (w.n + columns - 1) / columns;
  w.panels.resize(static_cast<std::size_t>(panels * w.k * columns));
  for (std::int64_t j = 0; j < w.n; ++j) {
    float* out = w.panels.data() + j / columns * w.k * columns;
    for (std::int64_t p = 0; p < w.k; ++p) {
      out[p * columns + j % columns] = static_cast<float>(
          halfbyte::load_element(tensor.bytes.data(), tensor.dtype, j * w.k + p));
    }
  }
  return w;
}

void multiply(const float* x, std::int64_t m, const DenseWeight& w, float* y) {
  const std::int64_t panels = (w.n + columns - 1) / columns;
  run_parallel(panels, m * w.n * w.k, [&](std::int64_t panel) {
    for (std::int64_t i = 0; i < m; i += tile_rows) {
      multiply_tile(x + i * w.k, std::min<std::int64_t>(tile_rows, m - i), w, panel, y + i * w.n);
    }
  });
}

}  // namespace llama
