#include "llama/fp8_attention.h"

#include "halfbyte/error.h"
#include "halfbyte/hadamard.h"
#include "halfbyte/numeric.h"

namespace llama {

using halfbyte::DType;
using halfbyte::TensorView;

AttentionCast attention_cast_from_name(const std::string& name) {
  if (name == "f32") return AttentionCast::none;
  if (name == "fp8") return AttentionCast::fp8;
  if (name == "fp8-hadamard") return AttentionCast::fp8_hadamard;
  throw halfbyte::Error(halfbyte::ErrorCode::arg, {.function = "halfbyte-llama",
                                                   .argument = "--attention",
                                                   .got = name,
                                                   .wanted = "f32, fp8 or fp8-hadamard"});
}

void round_to_fp8(float* rows, std::int64_t m, std::int64_t heads, std::int64_t head_dim,
                  bool turn) {
  const std::int64_t count = m * heads * head_dim;
  const auto x = TensorView::matrix(rows, DType::f32, m * heads, head_dim);
  float amax = 0;
  // A transform of pieces of one element changes nothing.
  halfbyte::HadamardOptions options{.block = turn ? head_dim : 1,
                                    .amax = TensorView::vector(&amax, DType::f32, 1)};
  halfbyte::hadamard(x, x, options);
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(count));
  float scale = amax > 0 ? amax / 448 : 1;
  halfbyte::hadamard(x, TensorView::matrix(codes.data(), DType::e4m3, m * heads, head_dim),
                     {.block = 1, .scales = TensorView::vector(&scale, DType::f32, 1)});
  for (std::int64_t i = 0; i < count; ++i) {
    rows[i] = static_cast<float>(halfbyte::load_element(codes.data(), DType::e4m3, i)) * scale;
  }
}

}  // namespace llama
