// The two mma passes on a simulated warp: fragments by the maps of the PTX manual, values as exact
// integers, against the definition of H.
#include "core/hadamard/tile.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "core/hadamard/butterfly.h"
#include "halfbyte/numeric.h"

namespace halfbyte::core::hadamard {
namespace {

using Words = std::array<std::array<double, 2>, 2>;  // [register][half] of a lane's B
using Sums = std::array<double, 4>;                  // a lane's C

// One mma.m16n8k16 of a warp: c = A b with A as its lanes hold it.
std::array<Sums, 32> mma(int mask, const std::array<Words, 32>& b_of_lane) {
  namespace f = mma_m16n8k16;
  double a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    for (int half = 0; half < 2; ++half) {
      for (int reg = 0; reg < 4; ++reg) {
        const f::Coord at = f::a_coord(lane, reg, half);
        const std::uint32_t word = a_word(mask, f16_power(0), lane, reg);
        a[at.row][at.column] = f16_to_f32(static_cast<std::uint16_t>(word >> (16 * half)));
      }
      for (int reg = 0; reg < 2; ++reg) {
        const f::Coord at = f::b_coord(lane, reg, half);
        b[at.row][at.column] =
            b_of_lane[static_cast<std::size_t>(lane)][static_cast<std::size_t>(reg)]
                     [static_cast<std::size_t>(half)];
      }
    }
  }
  std::array<Sums, 32> c{};
  for (int lane = 0; lane < 32; ++lane) {
    for (int reg = 0; reg < 4; ++reg) {
      const f::Coord at = f::c_coord(lane, reg);
      double sum = 0;
      for (int k = 0; k < 16; ++k) sum += a[at.row][k] * b[k][at.column];
      c[static_cast<std::size_t>(lane)][static_cast<std::size_t>(reg)] = sum;
    }
  }
  return c;
}

// What transform_tile does with its registers, for all lanes of a warp.
std::array<double, 256> transform(const std::array<double, 256>& x, int log2_n) {
  const Masks masks = masks_of(log2_n);
  std::array<std::array<Sums, 32>, 2> first{};  // [e2]
  for (std::size_t e2 = 0; e2 < 2; ++e2) {
    std::array<Words, 32> b{};
    for (std::size_t lane = 0; lane < 32; ++lane) {
      for (std::size_t reg = 0; reg < 2; ++reg) {
        const std::size_t q = 2 * e2 + reg;  // word of the lane's four
        b[lane][reg] = {x[8 * lane + 2 * q], x[8 * lane + 2 * q + 1]};
      }
    }
    first[e2] = mma(masks.first, b);
  }
  std::array<double, 256> y{};
  for (std::size_t e1 = 0; e1 < 2; ++e1) {
    std::array<Words, 32> b{};
    for (std::size_t lane = 0; lane < 32; ++lane) {
      for (std::size_t e2 = 0; e2 < 2; ++e2) {
        b[lane][e2] = {first[e2][lane][2 * e1], first[e2][lane][2 * e1 + 1]};
      }
    }
    const std::array<Sums, 32> second = mma(masks.second, b);
    for (std::size_t lane = 0; lane < 32; ++lane) {
      for (int reg = 0; reg < 4; ++reg) {
        const int element = element_of(static_cast<int>(e1), reg);
        y[8 * lane + static_cast<std::size_t>(element)] =
            second[lane][static_cast<std::size_t>(reg)];
      }
    }
  }
  return y;
}

int sign(std::size_t i, std::size_t j) { return std::popcount(i & j) % 2 == 0 ? 1 : -1; }

TEST(HadamardTile, TwoPassesAreHForEverySizeAndEveryOneHot) {
  for (int log2_n = 0; log2_n <= 8; ++log2_n) {
    const std::size_t n = std::size_t{1} << log2_n;
    for (std::size_t hot = 0; hot < 256; ++hot) {
      std::array<double, 256> x{};
      x[hot] = 1;
      const auto y = transform(x, log2_n);
      for (std::size_t i = 0; i < 256; ++i) {
        const double wanted = i / n == hot / n ? sign(i % n, hot % n) : 0;
        ASSERT_EQ(y[i], wanted) << "n " << n << " hot " << hot << " element " << i;
      }
    }
  }
}

TEST(HadamardTile, HTwiceIsNTimesX) {
  std::mt19937 bits(1);
  for (int log2_n = 0; log2_n <= 8; ++log2_n) {
    std::array<double, 256> x{};
    for (double& v : x) v = static_cast<double>(bits() % 255) - 127;
    const auto y = transform(transform(x, log2_n), log2_n);
    for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(y[i], x[i] * (1 << log2_n));
  }
}

TEST(HadamardTile, MasksAreThoseOfTheDesign) {
  constexpr Masks wanted[] = {{0, 0},           {0b0001, 0},      {0b1001, 0},
                              {0b1001, 0b1000}, {0b1011, 0b1000}, {0b1111, 0b1000},
                              {0b1111, 0b1001}, {0b1111, 0b1011}, {0b1111, 0b1111}};
  for (int log2_n = 0; log2_n <= 8; ++log2_n) EXPECT_EQ(masks_of(log2_n), wanted[log2_n]);
  for (int log2_n = 8; log2_n <= 16; ++log2_n) EXPECT_EQ(masks_of(log2_n), wanted[8]);
}

// No intermediate value is larger than the largest input, and every entry of A is exact.
TEST(HadamardTile, PowersAreExactAndKeepTheRange) {
  for (int exponent = 0; exponent <= 24; ++exponent) {
    EXPECT_EQ(f16_to_f32(static_cast<std::uint16_t>(f16_power(exponent))),
              std::ldexp(1.0, -exponent));
    EXPECT_EQ(bf16_to_f32(static_cast<std::uint16_t>(bf16_power(exponent))),
              std::ldexp(1.0, -exponent));
  }
  for (int log2_n = 0; log2_n <= 16; ++log2_n) {
    const Exponents e = exponents_of(log2_n);
    EXPECT_EQ(e.first, bits_set(masks_of(log2_n).first));
    EXPECT_GE(e.second, bits_set(masks_of(log2_n).second));
    EXPECT_EQ(e.first + e.second, log2_n);
    EXPECT_LE(e.second, 24);
    EXPECT_EQ(log2_of(1 << log2_n), log2_n);
  }
}

// value = f16 + bf16: 2^-20 of it is lost at most, also where the f16 is subnormal or 0.
TEST(HadamardTile, AnF16AndItsRestHoldNineteenBits) {
  std::mt19937_64 bits(2);
  double worst = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const int exponent = static_cast<int>(bits() % 60) - 45;  // 2^-45 ... 2^14
    const auto value = static_cast<float>(
        std::ldexp(1 + static_cast<double>(bits() % (1 << 23)) / (1 << 23), exponent));
    const float rounded = f16_to_f32(f32_to_f16(value));
    const float rest = bf16_to_f32(f32_to_bf16(value - rounded));
    const double error = std::abs(static_cast<double>(value) - rounded - rest);
    const double left_out = std::max(std::ldexp(static_cast<double>(value), -11), 0x1p-25);
    ASSERT_LE(error, left_out * 0x1p-9) << value;
    worst = std::max(worst, error / value);
  }
  EXPECT_GT(worst, 0);
}

TEST(HadamardButterfly, IsHOnTheFirstIndex) {
  for (int bits = 0; bits <= 4; ++bits) {
    for (std::size_t hot = 0; hot < 16; ++hot) {
      float v[16][2] = {};
      v[hot][0] = 1;
      v[hot][1] = -3;
      transform_first_index(v, bits);
      const std::size_t n = std::size_t{1} << bits;
      for (std::size_t i = 0; i < 16; ++i) {
        const int wanted = i / n == hot / n ? sign(i % n, hot % n) : 0;
        ASSERT_EQ(v[i][0], static_cast<float>(wanted));
        ASSERT_EQ(v[i][1], static_cast<float>(-3 * wanted));
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte::core::hadamard
