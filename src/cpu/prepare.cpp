#include "cpu/tile.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cpu {

void widen_chunk(const LinearProblem& problem, const N16& w, std::int64_t row, const Chunk& chunk,
                 float* out) {
  const TensorView& x = problem.x;
  const auto read = [&](auto element) {
    const auto* in = static_cast<const decltype(element)*>(x.data) + row * x.strides[0];
    for (int i = 0; i < chunk.count; ++i) {
      const std::int64_t p = chunk.first + i;
      const std::int64_t source = w.source.empty() ? p : w.source[static_cast<std::size_t>(p)];
      const auto value = in[source * x.strides[1]];
      if constexpr (sizeof value == 4) {
        out[i] = value;
      } else {
        out[i] = x.dtype == DType::f16 ? f16_to_f32(value) : bf16_to_f32(value);
      }
    }
  };
  if (x.dtype == DType::f32) {
    read(float{});
  } else {
    read(std::uint16_t{});
  }
  for (int i = chunk.count; i < chunk.padded(); ++i) out[i] = 0;
}

}  // namespace halfbyte::cpu
