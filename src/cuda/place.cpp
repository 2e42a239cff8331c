// Scales, offsets and zeros in the order of core/layout/slab16.h, on the host.
#include <cstring>

#include "cuda/slab16.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cuda {

namespace layout = core::slab16;

std::vector<std::byte> place_by_group(const QuantizedWeight& w, const std::byte* in,
                                      const Positions& at) {
  const DType dtype = w.scale_dtype;
  const DType as = dtype == DType::e8m0 ? DType::bf16 : dtype;
  const auto rows = static_cast<std::int64_t>(at.group.size());
  std::vector<std::byte> out(static_cast<std::size_t>(rows * layout::padded_n(w.n)) * size_of(as));
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t group = at.group[static_cast<std::size_t>(row)];
    if (group < 0) continue;
    for (std::int64_t column = 0; column < w.n; ++column) {
      const std::int64_t to = layout::scale_place(row, column, rows), from = group * w.n + column;
      if (as == dtype) {
        std::memcpy(out.data() + static_cast<std::size_t>(to) * size_of(as),
                    in + static_cast<std::size_t>(from) * size_of(as), size_of(as));
      } else {
        store_element(out.data(), as, to, load_element(in, dtype, from));
      }
    }
  }
  return out;
}

std::vector<std::byte> place_zeros(const QuantizedWeight& w, int code_bits, const Positions& at) {
  const auto rows = static_cast<std::int64_t>(at.group.size());
  std::vector<std::byte> out(
      static_cast<std::size_t>(rows * layout::padded_n(w.n) * code_bits / 8));
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t group = at.group[static_cast<std::size_t>(row)];
    if (group < 0) continue;
    for (std::int64_t column = 0; column < w.n; ++column) {
      const std::int64_t bit = layout::scale_place(row, column, rows) * code_bits;
      out[static_cast<std::size_t>(bit / 8)] |=
          std::byte{w.zeros[static_cast<std::size_t>(group * w.n + column)]} << (bit % 8);
    }
  }
  return out;
}

}  // namespace halfbyte::cuda
