// Every kernel against exact integers and float64, over all sizes and types.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/hadamard.h"

namespace halfbyte {
namespace {

using test::Numbers;

constexpr DType float_types[] = {DType::f16, DType::bf16, DType::f32};

// Runs every kernel on `rows` dense rows and hands the outputs to check(kernel, y).
template <class Check>
void with_every_kernel(const Numbers& x, std::int64_t rows, const HadamardOptions& options,
                       const Check& check) {
  const std::int64_t n = x.size() / rows;
  test::Guarded y(x.bytes.size());
  const auto from = TensorView::matrix(x.bytes.data(), x.dtype, rows, n);
  const auto to = TensorView::matrix(y.data(), x.dtype, rows, n);
  for (const std::string& kernel : test::kernels_for(from, to, options)) {
    std::memset(y.data(), 0xFF, y.size());
    HadamardOptions asked = options;
    asked.kernel = kernel;
    hadamard(from, to, asked);
    EXPECT_TRUE(y.intact()) << kernel;
    Numbers out(x.dtype, x.size());
    std::memcpy(out.bytes.data(), y.data(), y.size());
    check(kernel, out);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Hadamard, EverySizeIsInsideTheBound) {
  double worst = 0;
  for (const std::int64_t n : test::hadamard_sizes()) {
    const std::int64_t rows = n > 8192 ? 2 : 3;
    const double scale = static_cast<float>(1 / std::sqrt(static_cast<double>(n)));
    for (const DType dtype : float_types) {
      const Numbers x = test::random_reals(dtype, rows * n, static_cast<unsigned>(n));
      std::vector<test::Transformed> truth;
      for (std::int64_t r = 0; r < rows; ++r) {
        std::vector<double> row(static_cast<std::size_t>(n));
        for (std::int64_t i = 0; i < n; ++i) row[static_cast<std::size_t>(i)] = x.at(r * n + i);
        truth.push_back(test::transform_f64(row));
      }
      with_every_kernel(x, rows, {}, [&](const std::string& kernel, const Numbers& y) {
        double error2 = 0, norm2 = 0;
        for (std::int64_t i = 0; i < rows * n; ++i) {
          const test::Transformed& t = truth[static_cast<std::size_t>(i / n)];
          const double wanted = scale * t.y[static_cast<std::size_t>(i % n)];
          const double bound = test::hadamard_bound(n, dtype, wanted, scale * t.magnitude);
          const double error = std::fabs(y.at(i) - wanted);
          ASSERT_TRUE(error <= bound) << kernel << " n " << n << " element " << i;
          worst = std::max(worst, error / bound);
          error2 += error * error;
          norm2 += wanted * wanted;
        }
        // One rounding: the error of rounding the exact result, and no more (design note, section
        // 3).
        const double limit = dtype == DType::f16 ? 2.2e-4 : dtype == DType::bf16 ? 1.75e-3 : 1e-6;
        if (n >= 512) {
          ASSERT_TRUE(std::sqrt(error2 / norm2) <= limit) << kernel << " n " << n;
        }
      });
      if (HasFatalFailure()) return;
    }
  }
  RecordProperty("largest_error_over_bound", std::to_string(worst));
  EXPECT_GT(worst, 0);
}

TEST(Hadamard, OneHotRowsGiveTheColumnsOfTheMatrix) {
  for (const std::int64_t n : test::hadamard_sizes()) {
    const std::int64_t rows = std::min<std::int64_t>(n, n > 1000 ? 5 : 40);
    Numbers x(DType::f16, rows * n);
    const auto hot = [&](std::int64_t r) { return (r * n / rows + r * 7919) % n; };
    for (std::int64_t r = 0; r < rows; ++r) x.set(r * n + hot(r), 1);
    for (const bool transpose : {false, true}) {
      with_every_kernel(x, rows, {.scale = 1.0F, .transpose = transpose},
                        [&](const std::string& kernel, const Numbers& y) {
                          for (std::int64_t i = 0; i < rows * n; ++i) {
                            const std::int64_t j = hot(i / n);
                            const int sign =
                                transpose ? hadamard_sign(n, j, i % n) : hadamard_sign(n, i % n, j);
                            ASSERT_EQ(y.at(i), sign) << kernel << " n " << n << " element " << i;
                          }
                        });
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Hadamard, TheTransposeUndoesItExactlyOnIntegers) {
  for (const std::int64_t n : test::hadamard_sizes()) {
    const Numbers x = test::random_integers(DType::f32, 3 * n, n > 4000 ? 3 : 40, 5);
    with_every_kernel(x, 3, {.scale = 1.0F}, [&](const std::string& kernel, const Numbers& y) {
      Numbers back(DType::f32, 3 * n);
      hadamard(TensorView::matrix(y.bytes.data(), DType::f32, 3, n),
               TensorView::matrix(back.bytes.data(), DType::f32, 3, n),
               {.scale = 1.0F / static_cast<float>(n), .transpose = true});
      // n x is exact below 2^24; 1 / n is a power of two or adds one rounding.
      for (std::int64_t i = 0; i < 3 * n; ++i) {
        ASSERT_EQ(std::nearbyint(back.at(i)), x.at(i)) << kernel << " n " << n << " element " << i;
      }
    });
    if (HasFatalFailure()) return;
  }
}

TEST(Hadamard, ConstantsAndIntegersAreExact) {
  for (const std::int64_t n : test::hadamard_sizes(2048)) {
    Numbers x = test::random_integers(DType::f16, 4 * n, static_cast<int>(2048 / n), 9);
    for (std::int64_t i = 0; i < n; ++i) x.set(i, 1);
    std::vector<double> wanted;
    for (std::int64_t r = 0; r < 4; ++r) {
      std::vector<double> row(static_cast<std::size_t>(n));
      for (std::int64_t i = 0; i < n; ++i) row[static_cast<std::size_t>(i)] = x.at(r * n + i);
      for (const double value : test::transform_f64(row).y) wanted.push_back(value);
    }
    with_every_kernel(x, 4, {.scale = 1.0F}, [&](const std::string& kernel, const Numbers& y) {
      for (std::int64_t i = 0; i < 4 * n; ++i) {
        ASSERT_EQ(y.at(i), wanted[static_cast<std::size_t>(i)]) << kernel << " n " << n << " " << i;
      }
    });
    if (HasFatalFailure()) return;
  }
}

TEST(Hadamard, TheNormIsKept) {
  for (const std::int64_t n : {64, 128, 172, 4096, 8192, 11008, 14336, 53248}) {
    const Numbers x = test::random_reals(DType::f32, n, 3);
    with_every_kernel(x, 1, {}, [&](const std::string& kernel, const Numbers& y) {
      double before = 0, after = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        before += x.at(i) * x.at(i);
        after += y.at(i) * y.at(i);
      }
      EXPECT_NEAR(after / before, 1, 1e-6) << kernel << " n " << n;
    });
  }
}

TEST(Hadamard, NaNAndInfStayInTheirPiece) {
  constexpr std::int64_t n = 256, b = 64, rows = 5;
  Numbers x = test::random_reals(DType::f16, rows * n, 1);
  x.set(1 * n + 70, std::numeric_limits<double>::quiet_NaN());
  x.set(3 * n + 255, std::numeric_limits<double>::infinity());
  with_every_kernel(x, rows, {.block = b}, [&](const std::string& kernel, const Numbers& y) {
    for (std::int64_t i = 0; i < rows * n; ++i) {
      const std::int64_t piece = i / b;
      if (piece == (n + 70) / b) {
        EXPECT_TRUE(std::isnan(y.at(i))) << kernel;
      } else if (piece == (3 * n + 255) / b) {
        EXPECT_TRUE(std::isinf(y.at(i))) << kernel;
      } else {
        EXPECT_TRUE(std::isfinite(y.at(i))) << kernel << " element " << i;
      }
    }
  });
}

TEST(Hadamard, EveryPieceOfARowIsTransformedAlone) {
  for (const std::int64_t b : {1, 2, 4, 8, 16, 32, 64, 128, 512, 12, 24, 96, 172}) {
    const std::int64_t n = b * 6;
    const Numbers x = test::random_integers(DType::f32, 3 * n, 100, 4);
    Numbers alone(DType::f32, 3 * n);
    hadamard(TensorView::matrix(x.bytes.data(), DType::f32, 18, b),
             TensorView::matrix(alone.bytes.data(), DType::f32, 18, b), {.scale = 1.0F});
    with_every_kernel(x, 3, {.block = b, .scale = 1.0F},
                      [&](const std::string& kernel, const Numbers& y) {
                        EXPECT_EQ(y.bytes, alone.bytes) << kernel << " block " << b;
                      });
  }
}

TEST(Hadamard, BitsDoNotDependOnTheThreads) {
  const Numbers x = test::random_reals(DType::bf16, 64 * 1024, 8);
  std::vector<std::vector<std::byte>> first;
  for (const int threads : {1, 2, 7}) {
    set_num_threads(threads);
    std::size_t kernel_number = 0;
    with_every_kernel(x, 64, {}, [&](const std::string& kernel, const Numbers& y) {
      if (threads == 1) first.push_back(y.bytes);
      EXPECT_EQ(y.bytes, first[kernel_number++]) << kernel << " with " << threads;
    });
  }
  set_num_threads(0);
}

TEST(Hadamard, LargeOutputsPastTheCachesAreTheSame) {
  // 16 MB and more of y are stored past the caches; a row alone never is.
  constexpr std::int64_t rows = 1025, n = 8192;
  const Numbers x = test::random_reals(DType::f16, rows * n, 2);
  Numbers y(DType::f16, rows * n), alone(DType::f16, n);
  hadamard(TensorView::matrix(x.bytes.data(), x.dtype, rows, n),
           TensorView::matrix(y.bytes.data(), x.dtype, rows, n));
  for (const std::int64_t r : {std::int64_t{0}, std::int64_t{511}, rows - 1}) {
    hadamard(TensorView::matrix(x.bytes.data() + r * n * 2, x.dtype, 1, n),
             TensorView::matrix(alone.bytes.data(), x.dtype, 1, n));
    EXPECT_EQ(std::memcmp(y.bytes.data() + r * n * 2, alone.bytes.data(), n * 2), 0) << r;
  }
}

}  // namespace
}  // namespace halfbyte
