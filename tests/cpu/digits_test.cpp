// The digit kernels take each chunk of each row the way that its x asks for. Which way, and who the
// row's neighbours are, must not show in its bits.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "halfbyte/linear.h"
#include "halfbyte/threads.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Operand;
using test::WeightCase;

std::vector<std::string> digit_kernels() {
  std::vector<std::string> names;
  for (const KernelInfo& kernel : linear_kernels()) {
    if (kernel.unavailable.empty() && kernel.name.ends_with("/digits")) {
      names.emplace_back(kernel.name);
    }
  }
  return names;
}

// Chunks of every kind, a different mixture in each row: 16 bits, zeros, one digit, outliers, a
// wide range, NaN, more than 47 bits.
Operand rows_of_all_kinds(std::int64_t m, std::int64_t k) {
  std::mt19937_64 bits(5);
  std::normal_distribution<double> normal;
  return {{}, DType::bf16, m, k, [&](std::int64_t row, std::int64_t column) {
            const double x = normal(bits);
            switch ((row * 5 + column / 128 * 3) % 11) {
              case 0:
                return 0.0;
              case 1:
                return std::round(8 * x);
              case 2:
                return column % 32 == 7 ? 100 * x : x;
              case 3:
                return std::ldexp(x, static_cast<int>(column % 24));
              case 4:
                return row % 3 == 0 && column % 128 == 9 ? std::nan("") : x;
              case 5:
                return std::ldexp(x, -static_cast<int>(column % 60));
              default:
                return x;
            }
          }};
}

TEST(Digits, RowsHaveTheSameBitsInAnyCompany) {
  constexpr std::int64_t most = 70;
  for (const WeightCase& weight :
       {WeightCase{.k = 2048, .n = 48}, WeightCase{.k = 1600, .n = 72, .group = 32},
        WeightCase{.k = 1024, .n = 48}, WeightCase{.k = 520, .n = 40, .group = 64},
        WeightCase{.k = 1664, .n = 80, .group = 64, .zero = ZeroKind::integer},
        WeightCase{.k = 1650, .n = 30, .group = 48, .scale = DType::bf16, .shuffled = true},
        WeightCase{.k = 1536, .n = 16, .group = 32, .scale = DType::f32, .table = true}}) {
    const PackedWeight packed = pack(test::make_weight(weight, 3));
    const Operand x = rows_of_all_kinds(most, weight.k);
    for (const std::string& kernel : digit_kernels()) {
      const LinearOptions options{.schedule = Schedule::data_parallel, .kernel = kernel};
      const auto rows = [&](std::int64_t first, std::int64_t m) {
        const auto* data = static_cast<const std::byte*>(x.view().data) + first * weight.k * 2;
        return test::run(TensorView::matrix(data, DType::bf16, m, weight.k), packed, DType::f32,
                         options);
      };
      set_num_threads(3);
      const auto all = rows(0, most);
      set_num_threads(1);
      const std::size_t row_bytes = static_cast<std::size_t>(weight.n) * sizeof(float);
      for (std::int64_t m = 1; m <= 12; ++m) {
        for (std::int64_t first = 0; first + m <= 24; first += m) {
          const auto few = rows(first, m);
          ASSERT_EQ(
              std::memcmp(few.data(), all.data() + static_cast<std::size_t>(first) * row_bytes,
                          few.size()),
              0)
              << to_string(weight) << " " << kernel << " rows " << first << " + " << m;
        }
      }
      set_num_threads(0);
    }
  }
}

// x of 253/128 is 127 256 - 128 in two digits, the largest sums that 16 bits have to hold; all sums
// are exact in f32.
TEST(Digits, TheLargestSumsFit) {
  for (const WeightCase& c :
       {WeightCase{.k = 2048, .n = 48, .zero = ZeroKind::integer},
        WeightCase{.k = 2048, .n = 48, .group = 32, .zero = ZeroKind::integer}}) {
    QuantizedWeight weight = test::make_weight(c, 1);
    for (std::int64_t i = 0; i < weight.groups * weight.n; ++i) {
      store_element(weight.scales.data(), c.scale, i, 1.0);
      weight.zeros[static_cast<std::size_t>(i)] = i % c.n % 2 == 0 ? 0 : 15;
    }
    for (std::int64_t column = 0; column < c.n; ++column) {
      for (std::int64_t row = 0; row < c.k; ++row) {
        weight.set_code(row, column, column % 2 == 0 ? 15 : 0);
      }
    }
    const PackedWeight packed = pack(weight);
    for (const std::int64_t m : {1, 2, 3, 4, 5, 7}) {
      const Operand x({}, DType::f16, m, c.k, [](std::int64_t row, std::int64_t) {
        return (row % 2 == 0 ? 253.0 : -253.0) / 128;
      });
      for (const std::string& kernel : digit_kernels()) {
        const auto y = test::run(x.view(), packed, DType::f32, LinearOptions{.kernel = kernel});
        for (std::int64_t i = 0; i < m * c.n; ++i) {
          const double sign = (i / c.n + i % c.n) % 2 == 0 ? 1 : -1;
          ASSERT_EQ(load_element(y.data(), DType::f32, i), sign * 15 * 253 * 2048 / 128)
              << kernel << " m=" << m << " element " << i;
        }
      }
    }
  }
}

// f32 x of which a few stand out in every group, with weights that are zero there: the others keep
// their bits.
TEST(Digits, OutliersTakeNothingFromTheOthers) {
  for (const std::int64_t group : {8, 32, 64, 128}) {
    for (const int outliers : {1, 2}) {
      const WeightCase c{.k = 1024, .n = 48, .group = group, .zero = ZeroKind::integer};
      const auto stands_out = [&](std::int64_t k) {
        return k % group >= 5 && k % group < 5 + outliers;
      };
      QuantizedWeight weight = test::make_weight(c, 1);
      for (std::int64_t i = 0; i < weight.groups * weight.n; ++i) {
        store_element(weight.scales.data(), c.scale, i, 1.0);
        weight.zeros[static_cast<std::size_t>(i)] = 8;
      }
      for (std::int64_t column = 0; column < c.n; ++column) {
        for (std::int64_t row = 0; row < c.k; ++row) {
          weight.set_code(row, column, stands_out(row) ? 8 : 9);
        }
      }
      const PackedWeight packed = pack(weight);
      for (const double outlier : {50.0, 1e3, 1e9, 1e30}) {
        const auto value = [&](std::int64_t k) {
          return stands_out(k) ? outlier : 1.0 + static_cast<double>(k % 7) / 1024;
        };
        const Operand x({}, DType::f32, 1, c.k,
                        [&](std::int64_t, std::int64_t k) { return value(k); });
        double sum = 0;
        for (std::int64_t k = 0; k < c.k; ++k) sum += stands_out(k) ? 0 : value(k);
        for (const std::string& kernel : digit_kernels()) {
          const auto y = test::run(x.view(), packed, DType::f32, LinearOptions{.kernel = kernel});
          for (std::int64_t i = 0; i < c.n; ++i) {
            ASSERT_NEAR(load_element(y.data(), DType::f32, i), sum, 1e-6 * sum)
                << kernel << " group " << group << " " << outliers << " x " << outlier;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte
