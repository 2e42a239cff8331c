// One rounding to nearest, ties to even, in every element type and at every size; the same bits
// past the caches and in place. bf16 has conversions of its own in the kernels along a row.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "tests/support/hadamard.h"

namespace halfbyte {
namespace {

using test::Numbers;

constexpr DType float_types[] = {DType::f16, DType::bf16, DType::f32};

TensorView rows_of(Numbers& numbers, std::int64_t rows) {
  return TensorView::matrix(numbers.bytes.data(), numbers.dtype, rows, numbers.size() / rows);
}

// Sums of integers are exact in f32; those beyond 2^11 or 2^8 are rounded, half of the odd ones
// from a tie.
TEST(HadamardRounding, SumsOfIntegersAreRoundedOnceToEven) {
  for (const std::int64_t n :
       {8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 28672}) {
    for (const DType dtype : float_types) {
      constexpr std::int64_t rows = 3;
      Numbers x = test::random_integers(dtype, rows * n, 60, static_cast<unsigned>(n));
      Numbers wanted(dtype, rows * n);
      for (std::int64_t r = 0; r < rows; ++r) {
        std::vector<double> row(static_cast<std::size_t>(n));
        for (std::int64_t i = 0; i < n; ++i) row[static_cast<std::size_t>(i)] = x.at(r * n + i);
        const test::Transformed t = test::transform_f64(row);
        for (std::int64_t i = 0; i < n; ++i) {
          wanted.set(r * n + i, t.y[static_cast<std::size_t>(i)]);
        }
      }
      Numbers y(dtype, rows * n);
      HadamardOptions options{.scale = 1.0F};
      for (const std::string& kernel :
           test::kernels_for(rows_of(x, rows), rows_of(y, rows), options)) {
        options.kernel = kernel;
        hadamard(rows_of(x, rows), rows_of(y, rows), options);
        for (std::int64_t i = 0; i < rows * n; ++i) {
          ASSERT_EQ(y.at(i), wanted.at(i)) << kernel << " n " << n << " element " << i;
        }
      }
    }
  }
}

// Every NaN there is in bf16, of either sign, and both infinities: one a row.
TEST(HadamardRounding, EveryNaNOfBf16StaysOne) {
  constexpr std::int64_t n = 128, rows = 2 * 128;
  Numbers x = test::random_reals(DType::bf16, rows * n, 4);
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto bits = static_cast<std::uint16_t>((r < 128 ? 0x7F80 : 0xFF80) + r % 128);
    std::memcpy(x.bytes.data() + (r * n + r % n) * 2, &bits, 2);
  }
  Numbers y(DType::bf16, rows * n);
  HadamardOptions options;
  for (const std::string& kernel : test::kernels_for(rows_of(x, rows), rows_of(y, rows), options)) {
    options.kernel = kernel;
    hadamard(rows_of(x, rows), rows_of(y, rows), options);
    for (std::int64_t i = 0; i < rows * n; ++i) {
      ASSERT_EQ(std::isnan(y.at(i)), i / n % 128 != 0) << kernel << " element " << i;
      ASSERT_FALSE(std::isfinite(y.at(i))) << kernel << " element " << i;
    }
  }
}

// 16 MB and more of y are stored past the caches, rows together and in large tasks; a row alone
// never is. A y that is not aligned for such stores is written like any other.
TEST(HadamardRounding, LargeOutputsHaveTheBitsOfTheirRowsAlone) {
  constexpr std::int64_t elements = std::int64_t{9} << 20;
  for (const DType dtype : float_types) {
    Numbers x = test::random_reals(dtype, elements, 2);
    Numbers y(dtype, elements + 64);
    const auto size = static_cast<std::int64_t>(size_of(dtype));
    for (const std::int64_t n : {64, 128, 256, 2048, 8192}) {
      const std::int64_t rows = elements / n;
      Numbers alone(dtype, n);
      for (const std::int64_t shift : {std::int64_t{0}, 16 / size, std::int64_t{1}}) {
        std::byte* to = y.bytes.data() + shift * size;
        hadamard(rows_of(x, rows), TensorView::matrix(to, dtype, rows, n));
        for (std::int64_t r = 0; r < rows; r += std::max<std::int64_t>(1, rows / 97)) {
          hadamard(TensorView::matrix(x.bytes.data() + r * n * size, dtype, 1, n),
                   rows_of(alone, 1));
          ASSERT_EQ(std::memcmp(to + r * n * size, alone.bytes.data(), alone.bytes.size()), 0)
              << name(dtype) << " n " << n << " row " << r << " shift " << shift;
        }
      }
      Numbers in_place = x;
      hadamard(rows_of(in_place, rows), rows_of(in_place, rows));
      EXPECT_EQ(std::memcmp(in_place.bytes.data(), y.bytes.data() + size, in_place.bytes.size()), 0)
          << name(dtype) << " n " << n;
    }
  }
}

}  // namespace
}  // namespace halfbyte
