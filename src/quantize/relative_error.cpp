#include "quantize/relative_error.h"

#include <cmath>
#include <vector>

#include "quantize/column_chunks.h"
#include "quantize/dense_rows.h"

namespace halfbyte::quantize_detail {

double relative_error(const TensorView& weight_nk, const QuantizedWeight& quantized) {
  struct Sums {
    double error = 0;
    double weight = 0;
  };
  std::vector<Sums> columns(static_cast<std::size_t>(quantized.n));
  const auto add_up = [&](std::int64_t, std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; ++j) {
      Sums& mine = columns[static_cast<std::size_t>(j)];
      for_each_in_row(weight_nk, j, [&](std::int64_t i, float w) {
        const double error = w - quantized.value(i, j);
        mine.error += error * error;
        mine.weight += static_cast<double>(w) * w;
      });
    }
  };
  for_each_chunk(quantized.n, chunk_count(quantized.n), add_up);
  Sums total;
  for (const Sums& column : columns) {
    total.error += column.error;
    total.weight += column.weight;
  }
  return total.weight > 0 ? std::sqrt(total.error / total.weight) : 0;
}

}  // namespace halfbyte::quantize_detail
