// Quantised outputs of every kernel: with f32 x the values before quantisation are known bit by bit
// from the same kernel's f32 output, so codes and scales must be equal to the last bit.
#include <gtest/gtest.h>

#include <cstring>

#include "core/hadamard/quantize.h"
#include "tests/support/hadamard.h"

namespace halfbyte {
namespace {

using core::CodeKind;
using test::Numbers;

struct Kind {
  CodeKind kind;
  DType dtype;
};
constexpr Kind kinds[] = {{CodeKind::e4m3, DType::e4m3},
                          {CodeKind::e5m2, DType::e5m2},
                          {CodeKind::int8, DType::i8},
                          {CodeKind::int4, DType::u8}};

std::uint8_t code_of(float v, float reciprocal, CodeKind kind) {
  if (kind == CodeKind::e4m3 || kind == CodeKind::e5m2) return core::fp8_code(v * reciprocal, kind);
  return static_cast<std::uint8_t>(core::integer_code(v * reciprocal, kind));
}

// The codes of f32 values, `group` of them to a scale (0: the given one), packed where 4 bits wide.
std::vector<std::uint8_t> codes_of(const Numbers& values, std::int64_t group, CodeKind kind,
                                   std::vector<float>& scales) {
  std::vector<std::uint8_t> codes;
  const std::int64_t step = group == 0 ? values.size() : group;
  for (std::int64_t g = 0; g < values.size(); g += step) {
    float largest = 0;
    for (std::int64_t i = g; i < g + step; ++i) {
      largest = std::max(largest, static_cast<float>(std::fabs(values.at(i))));
    }
    if (group != 0) scales.push_back(core::scale_for(largest, kind));
    const float reciprocal = 1.0F / scales[group == 0 ? 0 : scales.size() - 1];
    for (std::int64_t i = g; i < g + step; ++i) {
      codes.push_back(code_of(static_cast<float>(values.at(i)), reciprocal, kind));
    }
  }
  if (kind != CodeKind::int4) return codes;
  std::vector<std::uint8_t> packed;
  for (std::size_t i = 0; i < codes.size(); i += 2) {
    packed.push_back(static_cast<std::uint8_t>((codes[i] & 15U) | codes[i + 1] << 4));
  }
  return packed;
}

struct Shape {
  std::int64_t rows, n, block, group;
};

void check(const Shape& shape, HadamardScaling scaling, bool with_signs) {
  const auto& [rows, n, block, group] = shape;
  const Numbers x = test::random_reals(DType::f32, rows * n, static_cast<unsigned>(n));
  std::vector<std::int8_t> signs(static_cast<std::size_t>(n), 1);
  for (std::size_t i = 0; i < signs.size(); i += 3) signs[i] = -1;
  const auto from = TensorView::matrix(x.bytes.data(), DType::f32, rows, n);
  for (const Kind& kind : kinds) {
    if (kind.kind == CodeKind::int4 && n % 2 != 0) continue;
    const std::int64_t bytes = kind.kind == CodeKind::int4 ? n / 2 : n;
    test::Guarded y(static_cast<std::size_t>(rows * bytes));
    const std::int64_t scale_group = scaling == HadamardScaling::given     ? 0
                                     : scaling == HadamardScaling::per_row ? n
                                                                           : group;
    const std::int64_t count = scale_group == 0 ? 1 : rows * n / scale_group;
    test::Guarded scales(static_cast<std::size_t>(count) * sizeof(float));
    const auto to = TensorView::matrix(y.data(), kind.dtype, rows, bytes);
    HadamardOptions options{.block = block,
                            .scaling = scaling,
                            .group = scaling == HadamardScaling::per_group ? group : 0,
                            .scales = TensorView::vector(scales.data(), DType::f32, count)};
    HadamardOptions plain{.block = block};
    if (with_signs) {
      options.signs_before = options.signs_after = TensorView::vector(signs.data(), DType::i8, n);
      plain.signs_before = plain.signs_after = options.signs_before;
    }
    for (const std::string& kernel : test::kernels_for(from, to, options)) {
      Numbers values(DType::f32, rows * n);
      plain.kernel = options.kernel = kernel;
      hadamard(from, TensorView::matrix(values.bytes.data(), DType::f32, rows, n), plain);
      const float given = 0.02F;
      std::memset(y.data(), 0xFF, y.size());
      std::memset(scales.data(), 0xFF, scales.size());
      if (scaling == HadamardScaling::given) std::memcpy(scales.data(), &given, sizeof given);
      float amax = 0;
      options.amax = TensorView::vector(&amax, DType::f32, 1);
      hadamard(from, to, options);
      EXPECT_TRUE(y.intact() && scales.intact()) << kernel;

      std::vector<float> wanted_scales;
      if (scaling == HadamardScaling::given) wanted_scales = {given};
      const auto wanted = codes_of(values, scale_group, kind.kind, wanted_scales);
      ASSERT_EQ(std::memcmp(scales.data(), wanted_scales.data(), scales.size()), 0)
          << kernel << " n " << n;
      ASSERT_EQ(wanted.size(), y.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_EQ(static_cast<int>(y.data()[i]), wanted[i])
            << kernel << " n " << n << " block " << block << " " << name(kind.dtype) << " byte "
            << i;
      }
      float largest = 0;
      for (std::int64_t i = 0; i < values.size(); ++i) {
        largest = std::max(largest, static_cast<float>(std::fabs(values.at(i))));
      }
      EXPECT_EQ(amax, largest) << kernel;
    }
  }
}

constexpr Shape shapes[] = {
    {3, 8, 8, 8},         {5, 64, 64, 16},    {4, 128, 32, 64},    {4, 128, 128, 32},
    {3, 128, 4, 8},       {2, 1024, 1024, 8}, {2, 4096, 128, 512}, {2, 8192, 8192, 128},
    {3, 48, 12, 24},      {3, 96, 48, 24},    {2, 1376, 172, 688}, {2, 14336, 14336, 128},
    {1, 65536, 65536, 8}, {7, 16, 1, 8},      {9, 4, 4, 4},
};

TEST(HadamardQuantize, OneGivenScale) {
  for (const Shape& shape : shapes) check(shape, HadamardScaling::given, false);
  for (const Shape& shape : shapes) check(shape, HadamardScaling::given, true);
}

TEST(HadamardQuantize, AScaleForEveryRow) {
  for (const Shape& shape : shapes) check(shape, HadamardScaling::per_row, false);
  for (const Shape& shape : shapes) check(shape, HadamardScaling::per_row, true);
}

TEST(HadamardQuantize, AScaleForEveryGroup) {
  for (const Shape& shape : shapes) {
    if (shape.group % 8 == 0) check(shape, HadamardScaling::per_group, false);
    if (shape.group % 8 == 0) check(shape, HadamardScaling::per_group, true);
  }
  check({2, 1024, 1024, 1024}, HadamardScaling::per_group, false);
}

// The 16-bit types: the codes of float64 values, or a neighbour where f32 sums round across a tie.
TEST(HadamardQuantize, SixteenBitRowsAreQuantisedBeforeAnyRounding) {
  constexpr std::int64_t rows = 4, n = 512;
  for (const DType dtype : {DType::f16, DType::bf16}) {
    const Numbers x = test::random_reals(dtype, rows * n, 7);
    std::vector<std::int8_t> codes(rows * n);
    std::vector<float> scales(rows);
    hadamard(TensorView::matrix(x.bytes.data(), dtype, rows, n),
             TensorView::matrix(codes.data(), DType::i8, rows, n),
             {.scaling = HadamardScaling::per_row,
              .scales = TensorView::vector(scales.data(), DType::f32, rows)});
    std::int64_t neighbours = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      std::vector<double> row(n);
      for (std::int64_t i = 0; i < n; ++i) row[static_cast<std::size_t>(i)] = x.at(r * n + i);
      const auto truth = test::transform_f64(row).y;
      double largest = 0;
      for (const double v : truth) largest = std::max(largest, std::fabs(v) / std::sqrt(512.0));
      EXPECT_NEAR(scales[static_cast<std::size_t>(r)], largest / 127, 1e-6 * largest);
      for (std::int64_t i = 0; i < n; ++i) {
        const double exact =
            truth[static_cast<std::size_t>(i)] / std::sqrt(512.0) / (largest / 127);
        const double off = codes[static_cast<std::size_t>(r * n + i)] - exact;
        ASSERT_LE(std::fabs(off), 0.5 + 1e-4);
        neighbours += std::fabs(off) > 0.5;
      }
    }
    EXPECT_LE(neighbours, 2);
  }
}

TEST(HadamardQuantize, NaNAndInfAreSeenInTheirScaleOnly) {
  constexpr std::int64_t rows = 3, n = 128;
  Numbers x = test::random_reals(DType::f16, rows * n, 7);
  x.set(n + 5, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::uint8_t> codes(rows * n);
  std::vector<float> scales(rows);
  float amax = 0;
  const auto from = TensorView::matrix(x.bytes.data(), DType::f16, rows, n);
  const auto to = TensorView::matrix(codes.data(), DType::e4m3, rows, n);
  HadamardOptions options{.scaling = HadamardScaling::per_row,
                          .scales = TensorView::vector(scales.data(), DType::f32, rows),
                          .amax = TensorView::vector(&amax, DType::f32, 1)};
  for (const std::string& kernel : test::kernels_for(from, to, options)) {
    amax = 0;
    options.kernel = kernel;
    hadamard(from, to, options);
    EXPECT_TRUE(std::isfinite(scales[0]) && std::isnan(scales[1]) && std::isfinite(scales[2]));
    for (std::int64_t i = 0; i < rows * n; ++i) {
      const float v = core::fp8_value(codes[static_cast<std::size_t>(i)], CodeKind::e4m3);
      EXPECT_EQ(std::isnan(v), i / n == 1) << kernel;
    }
    EXPECT_TRUE(std::isnan(amax)) << kernel;
  }
}

TEST(HadamardQuantize, AmaxIsRaisedAndNeverLowered) {
  const Numbers x = test::random_reals(DType::f16, 4 * 64, 7);
  Numbers y(DType::f16, 4 * 64);
  float amax = 1000;
  HadamardOptions options{.amax = TensorView::vector(&amax, DType::f32, 1)};
  const auto from = TensorView::matrix(x.bytes.data(), DType::f16, 4, 64);
  const auto to = TensorView::matrix(y.bytes.data(), DType::f16, 4, 64);
  hadamard(from, to, options);
  EXPECT_EQ(amax, 1000);
  amax = 0;
  hadamard(from, to, options);
  double largest = 0;
  for (std::int64_t i = 0; i < y.size(); ++i) largest = std::max(largest, std::fabs(y.at(i)));
  EXPECT_EQ(f16_to_f32(f32_to_f16(amax)), largest);
}

TEST(HadamardQuantize, StridedCodesAndOtherAxes) {
  constexpr std::int64_t n = 64, inner = 24;
  const Numbers x = test::random_reals(DType::f32, n * inner, 7);
  const auto from = TensorView::matrix(x.bytes.data(), DType::f32, n, inner);
  for (const Kind& kind : kinds) {
    const std::int64_t extent = kind.kind == CodeKind::int4 ? n / 2 : n;
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(extent * inner)), first;
    std::vector<float> scales(inner), first_scales;
    const auto to = TensorView::matrix(codes.data(), kind.dtype, extent, inner);
    HadamardOptions options{.axis = 0,
                            .scaling = HadamardScaling::per_row,
                            .scales = TensorView::vector(scales.data(), DType::f32, inner)};
    for (const std::string& kernel : test::kernels_for(from, to, options)) {
      options.kernel = kernel;
      hadamard(from, to, options);
      // A column alone, dense.
      Numbers column(DType::f32, n);
      for (std::int64_t i = 0; i < n; ++i) column.set(i, x.at(i * inner + 7));
      std::vector<std::uint8_t> alone(static_cast<std::size_t>(extent));
      float scale = 0;
      hadamard(TensorView::matrix(column.bytes.data(), DType::f32, 1, n),
               TensorView::matrix(alone.data(), kind.dtype, 1, extent),
               {.scaling = HadamardScaling::per_row,
                .scales = TensorView::vector(&scale, DType::f32, 1),
                .kernel = kernel});
      EXPECT_EQ(scale, scales[7]) << kernel;
      for (std::int64_t i = 0; i < extent; ++i) {
        EXPECT_EQ(codes[static_cast<std::size_t>(i * inner + 7)],
                  alone[static_cast<std::size_t>(i)])
            << kernel << " " << name(kind.dtype) << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte
