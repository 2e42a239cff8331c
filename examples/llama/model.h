// A Llama: RMSNorm, rotary positions, grouped-query attention and SwiGLU around quantised linears.
//
//   llama::Model model(halfbyte::Checkpoint::open("tiny_llama/gptq-sym-g128"));
//   llama::Cache cache(model.shape());
//   auto logits = model.forward(tokens, cache);   // prefill: (tokens, vocab)
//   logits = model.forward({&next, 1}, cache);    // decode: (1, vocab)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "halfbyte/checkpoint.h"
#include "llama/attention.h"
#include "llama/layer.h"
#include "llama/rounding.h"

namespace llama {

// config.json, in its own words.
struct Shape {
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t vocab_size = 0;
  std::int64_t max_position_embeddings = 0;
  HeadShape head;
  float rms_norm_eps = 0;
  double rope_theta = 0;
  std::int64_t q_width() const { return head.heads * head.head_dim; }
  std::int64_t kv_width() const { return head.kv_heads * head.head_dim; }
};

// Throws E_FORMAT for a missing or senseless key, E_UNSUPPORTED for another architecture.
Shape read_shape(const halfbyte::Checkpoint& checkpoint);

// The keys and values of the positions seen so far, one array (length, kv_width) a block.
struct Cache {
  explicit Cache(const Shape& shape)
      : keys(static_cast<std::size_t>(shape.num_hidden_layers)), values(keys) {}
  std::int64_t length = 0;  // set it back to go on from an earlier position
  std::vector<std::vector<float>> keys;
  std::vector<std::vector<float>> values;
};

class Model {
 public:
  // The quantised linears, nearly all of the work, run on `device`; everything else on the host.
  explicit Model(const halfbyte::Checkpoint& checkpoint, halfbyte::Device device = {});

  const Shape& shape() const { return shape_; }
  // What is rounded from the next call on. A cache holds rounded rows.
  void set_rounding(const Rounding& rounding) { rounding_ = rounding; }
  // Appends the tokens to the cache and returns the logits of each, (tokens, vocab_size).
  // Errors: E_RANGE (a token outside the vocabulary, more positions than the model has).
  std::vector<float> forward(std::span<const int> tokens, Cache& cache);

 private:
  struct Block {
    std::vector<float> input_norm, post_norm;
    Layer q, k, v, o, gate, up, down;
  };

  Shape shape_;
  Rounding rounding_;
  std::vector<float> embedding_;  // (vocab_size, hidden_size)
  std::vector<Block> blocks_;
  std::vector<float> norm_;
  Layer head_;
  Rotary rotary_;
  Scratch scratch_;
};

}  // namespace llama
