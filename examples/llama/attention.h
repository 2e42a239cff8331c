// Rotary positions and causal attention over a cache, in plain f32 loops.
#pragma once

#include <cstdint>
#include <vector>

namespace llama {

struct HeadShape {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  // divides heads: a key and value serve heads / kv_heads queries
  std::int64_t head_dim = 0;
};

// Turns pairs of features by position * theta^(-2i / head_dim).
class Rotary {
 public:
  Rotary(std::int64_t head_dim, double theta) : half_(head_dim / 2), theta_(theta) {}
  // Makes positions 0 ... count - 1 known.
  void reach(std::int64_t count);
  // Turns the pairs (i, i + head_dim/2) of each head of each row; row r is at position first + r.
  void apply(float* rows, std::int64_t m, std::int64_t heads, std::int64_t first) const;

 private:
  std::int64_t half_;
  double theta_;
  std::vector<float> cos_;  // (positions, half)
  std::vector<float> sin_;
};

// q (m, heads * head_dim) at positions first ... first + m - 1; keys and values (first + m,
// kv_heads * head_dim). Row r attends to positions 0 ... first + r. out has the shape of q.
void attend(const float* q, std::int64_t m, std::int64_t first, const float* keys,
            const float* values, const HeadShape& shape, float* out);

}  // namespace llama
