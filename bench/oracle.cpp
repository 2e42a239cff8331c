// Computes y64 and A for 4 rows x 4 columns at a time.
//
//   x (m, k) as doubles     tile of W: 4 columns x 256 rows, dequantised once into 8 KB
//   r0 r1 r2 r3 | k ->      w[k][0..3]: one 4-wide vector, shared by the four rows
//
// Columns are independent, so each belongs to one thread and the sums do not depend on how many
// there are. A layer of 4096 x 4096 and m = 16 is 268 M products, twice (y and A).
#include "bench/oracle.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "bench/cpu_features.h"
#include "cpu/threads.h"
#include "halfbyte/numeric.h"

namespace halfbyte::bench {
namespace {

constexpr int columns = 4;
constexpr int rows = 4;
constexpr std::int64_t depth = 256;

// Four columns at once, spelled out: left to the optimiser the same loops took twice as long.
using Vector = double __attribute__((vector_size(columns * sizeof(double))));

// Aligned by hand: without AVX the compiler thinks 16 bytes enough for a Vector, and the AVX2
// version of the loop, called through a pointer, loads 32 aligned ones.
struct alignas(sizeof(Vector)) Sums {
  std::array<Vector, rows> y{};
  std::array<Vector, rows> a{};
};

// x: `rows` pointers to doubles; w: [count][columns]
[[gnu::always_inline]] inline void add_products_inline(const std::array<const double*, rows>& x,
                                                       const double* w, std::int64_t count,
                                                       Sums& sums) {
  Sums s = sums;
  for (std::int64_t k = 0; k < count; ++k) {
    Vector wk;
    std::memcpy(&wk, w + k * columns, sizeof wk);
    const Vector size = wk < 0 ? -wk : wk;
    for (std::size_t r = 0; r < rows; ++r) {
      s.y[r] += x[r][k] * wk;
      s.a[r] += std::abs(x[r][k]) * size;
    }
  }
  sums = s;
}

void add_products_plain(const std::array<const double*, rows>& x, const double* w,
                        std::int64_t count, Sums& sums) {
  add_products_inline(x, w, count, sums);
}

HALFBYTE_BENCH_AVX2 void add_products_avx2(const std::array<const double*, rows>& x,
                                           const double* w, std::int64_t count, Sums& sums) {
  add_products_inline(x, w, count, sums);
}

double round_weight(double value, WeightRounding rounding, DType x_type) {
  if (rounding == WeightRounding::exact) return value;
  if (x_type == DType::f16) return f16_to_f32(f64_to_f16(value));
  if (x_type == DType::bf16) return bf16_to_f32(f64_to_bf16(value));
  return value;
}

// The weights that the codes of one group and column stand for.
class Levels {
 public:
  Levels(const QuantizedWeight& w, WeightRounding rounding, DType x_type)
      : w_(w), rounding_(rounding), x_type_(x_type) {
    if (w.zero_kind == ZeroKind::symmetric && w.meaning == CodeMeaning::affine) {
      zero_ = std::ldexp(1.0, w.bits - 1);
    }
  }

  void move_to(std::int64_t group, std::int64_t column) {
    scale_ = w_.scale(group, column);
    if (w_.zero_kind == ZeroKind::integer) {
      zero_ = w_.zeros[static_cast<std::size_t>(group * w_.n + column)];
    }
    if (w_.zero_kind == ZeroKind::real) zero_ = w_.offset(group, column);
    if (w_.zero_kind == ZeroKind::minimum) minimum_ = w_.offset(group, column);
  }
  double value(std::uint32_t q) const {
    const double v = w_.meaning == CodeMeaning::table ? w_.table[q] : q;
    return round_weight((v - zero_) * scale_ + minimum_, rounding_, x_type_);
  }
  // Once for a run of rows in one group: a look-up is cheaper than rounding each weight.
  void fill() {
    for (std::uint32_t q = 0; q < (1u << w_.bits); ++q) values_[q] = value(q);
  }
  double operator[](std::uint32_t q) const { return values_[q]; }

 private:
  const QuantizedWeight& w_;
  WeightRounding rounding_;
  DType x_type_;
  double scale_ = 0, zero_ = 0, minimum_ = 0;
  std::array<double, 256> values_{};
};

std::uint32_t code_at(const QuantizedWeight& w, const std::uint8_t* codes, std::int64_t row,
                      std::int64_t column) {
  return w.bits == 4 ? (codes[row >> 1] >> (4 * (row & 1))) & 15u : w.code(row, column);
}

// Writes rows first ... first+count-1 of one column into tile[.][lane].
void dequantize_column(const QuantizedWeight& w, std::int64_t column, std::int64_t first,
                       std::int64_t count, Levels& levels, double* tile, int lane) {
  const std::uint8_t* codes =
      w.codes.data() + static_cast<std::size_t>(column * w.code_bytes_per_column());
  if (!w.g_idx.empty()) {
    for (std::int64_t i = 0; i < count; ++i) {
      levels.move_to(w.group_of(first + i), column);
      tile[i * columns + lane] = levels.value(code_at(w, codes, first + i, column));
    }
    return;
  }
  for (std::int64_t i = 0; i < count;) {
    const std::int64_t group = w.group_of(first + i);
    levels.move_to(group, column);
    levels.fill();
    const std::int64_t end = std::min(count, (group + 1) * w.group_size - first);
    for (; i < end; ++i) {
      tile[i * columns + lane] = levels[code_at(w, codes, first + i, column)];
    }
  }
}

std::vector<double> widen(const TensorView& x) {
  const std::int64_t m = x.shape[0], k = x.shape[1];
  std::vector<double> out(static_cast<std::size_t>(m * k));
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < k; ++j) {
      out[static_cast<std::size_t>(i * k + j)] =
          load_element(x.data, x.dtype, i * x.strides[0] + j * x.strides[1]);
    }
  }
  return out;
}

}  // namespace

Oracle make_oracle(const QuantizedWeight& weight, const TensorView& x, WeightRounding rounding,
                   const TensorView& bias) {
  const std::int64_t m = x.shape[0], n = weight.n, k = weight.k;
  Oracle out{m, n, std::vector<double>(static_cast<std::size_t>(m * n)),
             std::vector<double>(static_cast<std::size_t>(m * n))};
  const std::vector<double> wide = widen(x);
  const std::vector<double> padding(static_cast<std::size_t>(k));  // stands in for rows past m
  const auto add_products = has_avx2() ? add_products_avx2 : add_products_plain;
  const std::int64_t row_blocks = (m + rows - 1) / rows;

  cpu::parallel_for((n + columns - 1) / columns, [&](std::int64_t block) {
    const std::int64_t j0 = block * columns;
    const int width = static_cast<int>(std::min<std::int64_t>(columns, n - j0));
    Levels levels(weight, rounding, x.dtype);
    std::vector<double> tile(depth * columns);
    std::vector<Sums> sums(static_cast<std::size_t>(row_blocks));
    for (std::int64_t k0 = 0; k0 < k; k0 += depth) {
      const std::int64_t count = std::min(depth, k - k0);
      for (int c = 0; c < width; ++c) {
        dequantize_column(weight, j0 + c, k0, count, levels, tile.data(), c);
      }
      for (std::int64_t b = 0; b < row_blocks; ++b) {
        std::array<const double*, rows> xr{};
        for (int r = 0; r < rows; ++r) {
          const std::int64_t i = b * rows + r;
          xr[static_cast<std::size_t>(r)] = i < m ? wide.data() + i * k + k0 : padding.data() + k0;
        }
        add_products(xr, tile.data(), count, sums[static_cast<std::size_t>(b)]);
      }
    }
    for (std::int64_t i = 0; i < m; ++i) {
      const Sums& s = sums[static_cast<std::size_t>(i / rows)];
      for (int c = 0; c < width; ++c) {
        const auto at = static_cast<std::size_t>(i * n + j0 + c);
        const double add =
            bias.data ? load_element(bias.data, bias.dtype, (j0 + c) * bias.strides[0]) : 0;
        out.y64[at] = s.y[static_cast<std::size_t>(i % rows)][static_cast<std::size_t>(c)] + add;
        out.a[at] =
            s.a[static_cast<std::size_t>(i % rows)][static_cast<std::size_t>(c)] + std::abs(add);
      }
    }
  });
  return out;
}

}  // namespace halfbyte::bench
