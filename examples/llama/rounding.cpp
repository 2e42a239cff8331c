#include "llama/rounding.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "halfbyte/error.h"
#include "halfbyte/hadamard.h"
#include "halfbyte/numeric.h"

namespace llama {
namespace {

using halfbyte::DType;
using halfbyte::TensorView;

struct CodeRow {
  std::string_view name;
  DType dtype;
  float largest;
};

// In the order of Codes.
constexpr std::array<CodeRow, 5> code_rows = {{{"none", DType::f32, 0},
                                               {"e4m3", DType::e4m3, 448},
                                               {"e5m2", DType::e5m2, 57344},
                                               {"int8", DType::i8, 127},
                                               {"int4", DType::u8, 7}}};

[[noreturn]] void fail(const char* argument, const std::string& got, const char* wanted) {
  throw halfbyte::Error(
      halfbyte::ErrorCode::arg,
      {.function = "halfbyte-llama", .argument = argument, .got = got, .wanted = wanted});
}

Codes codes_named(const char* argument, const std::string& name) {
  for (std::size_t i = 0; i < code_rows.size(); ++i) {
    if (code_rows[i].name == name) return static_cast<Codes>(i);
  }
  fail(argument, name, "none, e4m3, e5m2, int8 or int4");
}

// Element i of two 4-bit two's complement integers a byte, the even one in the low half.
float int4_at(const std::vector<std::uint8_t>& bytes, std::size_t i) {
  const int nibble = bytes[i / 2] >> (i % 2 * 4) & 0xF;
  return static_cast<float>(nibble < 8 ? nibble : nibble - 16);
}

}  // namespace

Rounding rounding_from_names(const RoundingNames& names) {
  Rounding rounding;
  rounding.attention = codes_named("--attention-codes", names.attention_codes);
  rounding.linears = codes_named("--linear-codes", names.linear_codes);
  if (names.attention_scales == "tensor") {
    rounding.scales = Scales::tensor;
  } else if (names.attention_scales != "row") {
    fail("--attention-scales", names.attention_scales, "tensor or row");
  }
  const std::string& parts = names.attention_parts;
  if (parts.empty() || parts.find_first_not_of("qkv") != std::string::npos) {
    fail("--attention-parts", parts, "one or more of the letters q, k, v");
  }
  rounding.q = parts.find('q') != std::string::npos;
  rounding.k = parts.find('k') != std::string::npos;
  rounding.v = parts.find('v') != std::string::npos;
  for (const std::string& name : names.hadamard) {
    if (name != "qk" && name != "down") fail("--hadamard", name, "qk or down");
    (name == "qk" ? rounding.turn_qk : rounding.turn_down) = true;
  }
  return rounding;
}

void round_rows(float* rows, std::int64_t m, std::int64_t width, Codes codes, Scales scales) {
  if (codes == Codes::none) return;
  const CodeRow& code = code_rows[static_cast<std::size_t>(codes)];
  const auto x = TensorView::matrix(rows, DType::f32, m, width);
  const auto count = static_cast<std::size_t>(m * width);
  const std::int64_t a_byte = codes == Codes::int4 ? 2 : 1;
  std::vector<float> scale(scales == Scales::row ? static_cast<std::size_t>(m) : 1);
  halfbyte::HadamardOptions options{
      .block = 1,  // a transform of one element changes nothing
      .scales =
          TensorView::vector(scale.data(), DType::f32, static_cast<std::int64_t>(scale.size()))};
  if (scales == Scales::row) {
    options.scaling = halfbyte::HadamardScaling::per_row;
  } else {
    float amax = 0;
    halfbyte::hadamard(x, x, {.block = 1, .amax = TensorView::vector(&amax, DType::f32, 1)});
    // As computed scales are: below 2^-126 the reciprocal would overflow.
    scale[0] = std::max(amax / code.largest, 0x1p-126F);
  }
  std::vector<std::uint8_t> bytes(count);
  const auto y = TensorView::matrix(bytes.data(), code.dtype, m, width / a_byte);
  halfbyte::hadamard(x, y, options);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = codes == Codes::int4
                            ? int4_at(bytes, i)
                            : static_cast<float>(halfbyte::load_element(
                                  bytes.data(), code.dtype, static_cast<std::int64_t>(i)));
    rows[i] = value * scale[scale.size() == 1 ? 0 : i / static_cast<std::size_t>(width)];
  }
}

void turn_rows(float* rows, std::int64_t m, std::int64_t width, bool back) {
  const auto x = TensorView::matrix(rows, DType::f32, m, width);
  halfbyte::hadamard(x, x, {.transpose = back});
}

}  // namespace llama
