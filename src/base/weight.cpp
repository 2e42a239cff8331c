// QuantizedWeight: element access and the check of its parts against each other.
#include "halfbyte/weight.h"

#include <string>

#include "halfbyte/error.h"
#include "halfbyte/numeric.h"

namespace halfbyte {
namespace {

constexpr std::int64_t max_extent = std::int64_t{1} << 40;

struct Checker {
  std::string_view function;
  std::string_view argument;

  [[noreturn]] void fail(ErrorCode code, std::string part, std::string got,
                         std::string wanted) const {
    throw Error(code, {.function = std::string(function),
                       .argument = std::string(argument) + "." + part,
                       .got = std::move(got),
                       .wanted = std::move(wanted)});
  }
  void extent(const char* part, std::int64_t value) const {
    if (value < 0 || value > max_extent) {
      fail(ErrorCode::shape, part, std::to_string(value), "0 ... 2^40");
    }
  }
  void size(const char* part, std::size_t got, std::int64_t wanted) const {
    if (got != static_cast<std::size_t>(wanted)) {
      fail(ErrorCode::shape, part, std::to_string(got) + " bytes", std::to_string(wanted));
    }
  }
};

}  // namespace

std::uint32_t QuantizedWeight::code(std::int64_t row, std::int64_t column) const {
  const std::int64_t bit = row * bits;
  const std::uint8_t* byte = codes.data() + column * code_bytes_per_column() + bit / 8;
  const int shift = static_cast<int>(bit % 8);
  std::uint32_t field = byte[0];
  if (shift + bits > 8) field |= static_cast<std::uint32_t>(byte[1]) << 8;  // 3 bits may straddle
  return (field >> shift) & ((1U << bits) - 1U);
}

void QuantizedWeight::set_code(std::int64_t row, std::int64_t column, std::uint32_t code) {
  const std::int64_t bit = row * bits;
  std::uint8_t* byte = codes.data() + column * code_bytes_per_column() + bit / 8;
  const int shift = static_cast<int>(bit % 8);
  const std::uint32_t mask = ((1U << bits) - 1U) << shift;
  const std::uint32_t field = code << shift & mask;
  byte[0] = static_cast<std::uint8_t>((byte[0] & ~mask) | field);
  if (shift + bits > 8) byte[1] = static_cast<std::uint8_t>((byte[1] & ~(mask >> 8)) | field >> 8);
}

std::int64_t QuantizedWeight::group_of(std::int64_t row) const {
  return g_idx.empty() ? row / group_size : g_idx[static_cast<std::size_t>(row)];
}

float QuantizedWeight::scale(std::int64_t group, std::int64_t column) const {
  return static_cast<float>(load_element(scales.data(), scale_dtype, group * n + column));
}

float QuantizedWeight::offset(std::int64_t group, std::int64_t column) const {
  return static_cast<float>(load_element(offsets.data(), scale_dtype, group * n + column));
}

double QuantizedWeight::value(std::int64_t row, std::int64_t column) const {
  const std::uint32_t q = code(row, column);
  const std::int64_t group = group_of(row);
  const double v = meaning == CodeMeaning::affine ? static_cast<double>(q) : table[q];
  const double s = scale(group, column);
  switch (zero_kind) {
    case ZeroKind::symmetric:
      return (v - (meaning == CodeMeaning::affine ? 1 << (bits - 1) : 0)) * s;
    case ZeroKind::integer:
      return (v - zeros[static_cast<std::size_t>(group * n + column)]) * s;
    case ZeroKind::real:
      return (v - offset(group, column)) * s;
    case ZeroKind::minimum:
      return v * s + offset(group, column);
  }
  return 0;
}

void QuantizedWeight::check(std::string_view function, std::string_view argument) const {
  const Checker is{function, argument};
  is.extent("k", k);
  is.extent("n", n);
  is.extent("groups", groups);
  if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
    is.fail(ErrorCode::range, "bits", std::to_string(bits), "2, 3, 4 or 8");
  }
  if (meaning == CodeMeaning::table && bits > 4) {
    is.fail(ErrorCode::range, "bits", std::to_string(bits), "at most 4 with a table of 16 values");
  }
  if (group_size < 1)
    is.fail(ErrorCode::range, "group_size", std::to_string(group_size), "at least 1");
  if (scale_dtype != DType::f16 && scale_dtype != DType::bf16 && scale_dtype != DType::f32 &&
      scale_dtype != DType::e8m0) {
    is.fail(ErrorCode::dtype, "scale_dtype", std::string(name(scale_dtype)),
            "f16, bf16, f32 or e8m0");
  }
  if (n > 0 && code_bytes_per_column() > (std::int64_t{1} << 62) / n) {
    is.fail(ErrorCode::shape, "codes", "an overflowing size", "k n bits < 2^62");
  }
  const std::int64_t entries = groups * n;
  is.size("codes", codes.size(), n * code_bytes_per_column());
  is.size("scales", scales.size(), entries * static_cast<std::int64_t>(size_of(scale_dtype)));
  is.size("zeros", zeros.size(), zero_kind == ZeroKind::integer ? entries : 0);
  const bool has_offsets = zero_kind == ZeroKind::real || zero_kind == ZeroKind::minimum;
  is.size("offsets", offsets.size(),
          has_offsets ? entries * static_cast<std::int64_t>(size_of(scale_dtype)) : 0);
  for (std::size_t i = 0; i < zeros.size(); ++i) {
    if (zeros[i] >> bits != 0) {
      is.fail(ErrorCode::range, "zeros[" + std::to_string(i) + "]", std::to_string(zeros[i]),
              "0 ... " + std::to_string((1 << bits) - 1));
    }
  }
  if (g_idx.empty()) {
    if (groups < (k + group_size - 1) / group_size) {
      is.fail(ErrorCode::shape, "groups", std::to_string(groups), "ceil(k / group_size)");
    }
    return;
  }
  is.size("g_idx", g_idx.size(), k);
  for (std::size_t i = 0; i < g_idx.size(); ++i) {
    if (g_idx[i] < 0 || g_idx[i] >= groups) {
      is.fail(ErrorCode::range, "g_idx[" + std::to_string(i) + "]", std::to_string(g_idx[i]),
              "0 ... " + std::to_string(groups - 1));
    }
  }
}

}  // namespace halfbyte
