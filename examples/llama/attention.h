// Rotary positions and causal attention over a cache, in plain f32 loops.
#pragma once

#include <cstdint>
#include <vector>

namespace llama {

struct HeadShape {
  int heads = 0;
  int kv_heads = 0;  // divides heads: a key and value serve heads / kv_heads queries
  int head_dim = 0;
};

// cos and sin of position * theta^(-2i / head_dim), (positions, head_dim / 2) each.
class Rotary {
 public:
  Rotary(int positions, int head_dim, double theta);
  // Turns the pairs (i, i + head_dim/2) of each head of each row; row r is at position first + r.
  void apply(float* rows, std::int64_t m, int heads, std::int64_t first) const;

 private:
  int half_;
  std::vector<float> cos_;
  std::vector<float> sin_;
};

// q (m, heads * head_dim) at positions first ... first + m - 1; keys and values (first + m,
// kv_heads * head_dim). Row r attends to positions 0 ... first + r. out has the shape of q.
void attend(const float* q, std::int64_t m, std::int64_t first, const float* keys,
            const float* values, const HeadShape& shape, float* out);

}  // namespace llama
