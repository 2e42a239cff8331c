// y = x W for a 16-bit W, widened to f32 when it is loaded: what the embedding's inverse, and an
// unquantised model, are multiplied with. Not a kernel of the library, which reads low-bit weights.
#pragma once

#include <cstdint>
#include <vector>

#include "halfbyte/checkpoint.h"

namespace llama {

// W in panels of 16 output columns: [panel][k][16], the last panel padded with zeros.
struct DenseWeight {
  static constexpr int columns = 16;
  std::int64_t k = 0;
  std::int64_t n = 0;
  std::vector<float> panels;
};

// From a tensor of shape (n, k), the order of torch.nn.Linear.weight.
DenseWeight make_dense(const halfbyte::HostTensor& tensor);

// x (m, k), y (m, n), both row major.
void multiply(const float* x, std::int64_t m, const DenseWeight& w, float* y);

}  // namespace llama
