#include "llama/model.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "halfbyte/error.h"

namespace llama {
namespace {

[[noreturn]] void fail_config(const halfbyte::Checkpoint& checkpoint, halfbyte::ErrorCode code,
                              const std::string& key, const std::string& got,
                              const std::string& wanted) {
  throw halfbyte::Error(code, {.function = "llama",
                               .argument = key,
                               .got = got,
                               .wanted = wanted,
                               .advice = "",
                               .path = (checkpoint.folder() / "config.json").string(),
                               .offset = {}});
}

void normalise(const std::vector<float>& x, const std::vector<float>& weight, float eps,
               std::vector<float>& out) {
  const std::size_t width = weight.size();
  out.resize(x.size());
  for (std::size_t row = 0; row < x.size(); row += width) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += double{x[row + i]} * x[row + i];
    const auto scale =
        static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + double{eps}));
    for (std::size_t i = 0; i < width; ++i) out[row + i] = x[row + i] * scale * weight[i];
  }
}

void add(const std::vector<float>& from, std::vector<float>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// silu(gate) * up, into gate.
void gate_by_silu(std::vector<float>& gate, const std::vector<float>& up) {
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
}

}  // namespace

Shape read_shape(const halfbyte::Checkpoint& checkpoint) {
  using halfbyte::ErrorCode;
  const auto config = nlohmann::json::parse(checkpoint.config_json());
  const auto number = [&](const char* key) {
    const auto found = config.find(key);
    const bool sane = found != config.end() && found->is_number() && found->get<double>() > 0 &&
                      found->get<double>() <= 1e9;
    if (!sane) {
      fail_config(checkpoint, ErrorCode::format, key,
                  found == config.end() ? "no such key" : found->dump(), "a positive number");
    }
    return found->get<double>();
  };
  const auto integer = [&](const char* key) { return static_cast<int>(number(key)); };

  const std::string type = config.value("model_type", "");
  if (type != "llama") fail_config(checkpoint, ErrorCode::unsupported, "model_type", type, "llama");
  if (config.contains("rope_scaling") && !config["rope_scaling"].is_null()) {
    fail_config(checkpoint, ErrorCode::unsupported, "rope_scaling", config["rope_scaling"].dump(),
                "null: positions are not rescaled here");
  }
  Shape shape;
  shape.hidden_size = integer("hidden_size");
  shape.intermediate_size = integer("intermediate_size");
  shape.num_hidden_layers = integer("num_hidden_layers");
  shape.vocab_size = integer("vocab_size");
  shape.max_position_embeddings = integer("max_position_embeddings");
  shape.rms_norm_eps = static_cast<float>(number("rms_norm_eps"));
  shape.rope_theta = config.contains("rope_theta") ? number("rope_theta") : 10000;
  shape.head.heads = integer("num_attention_heads");
  shape.head.kv_heads =
      config.contains("num_key_value_heads") ? integer("num_key_value_heads") : shape.head.heads;
  shape.head.head_dim =
      config.contains("head_dim") ? integer("head_dim") : shape.hidden_size / shape.head.heads;
  if (shape.head.heads % shape.head.kv_heads != 0 || shape.head.head_dim % 2 != 0) {
    fail_config(checkpoint, ErrorCode::format, "num_key_value_heads, head_dim",
                std::to_string(shape.head.kv_heads) + ", " + std::to_string(shape.head.head_dim),
                "a divisor of num_attention_heads, an even number");
  }
  return shape;
}

Cache::Cache(const Shape& shape) {
  const auto floats = static_cast<std::size_t>(shape.max_position_embeddings) *
                      static_cast<std::size_t>(shape.head.kv_heads * shape.head.head_dim);
  keys.assign(static_cast<std::size_t>(shape.num_hidden_layers), std::vector<float>(floats));
  values = keys;
}

Model::Model(const halfbyte::Checkpoint& checkpoint)
    : shape_(read_shape(checkpoint)),
      embedding_(widen(read_tensor(checkpoint, "model.embed_tokens.weight",
                                   {shape_.vocab_size, shape_.hidden_size}))),
      norm_(widen(read_tensor(checkpoint, "model.norm.weight", {shape_.hidden_size}))),
      // A tied head has no tensor of its own: it is the embedding, transposed.
      head_(checkpoint, checkpoint.has_tensor("lm_head.weight") ? "lm_head" : "model.embed_tokens",
            shape_.hidden_size, shape_.vocab_size),
      rotary_(shape_.max_position_embeddings, shape_.head.head_dim, shape_.rope_theta) {
  const std::int64_t hidden = shape_.hidden_size;
  const std::int64_t inner = shape_.intermediate_size;
  const std::int64_t q_width = std::int64_t{shape_.head.heads} * shape_.head.head_dim;
  const std::int64_t kv_width = std::int64_t{shape_.head.kv_heads} * shape_.head.head_dim;
  for (int i = 0; i < shape_.num_hidden_layers; ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    const auto norm = [&](const char* name) {
      return widen(read_tensor(checkpoint, at + name, {hidden}));
    };
    const auto layer = [&](const char* name, std::int64_t k, std::int64_t n) {
      return Layer(checkpoint, at + name, k, n);
    };
    blocks_.push_back({.input_norm = norm("input_layernorm.weight"),
                       .post_norm = norm("post_attention_layernorm.weight"),
                       .q = layer("self_attn.q_proj", hidden, q_width),
                       .k = layer("self_attn.k_proj", hidden, kv_width),
                       .v = layer("self_attn.v_proj", hidden, kv_width),
                       .o = layer("self_attn.o_proj", q_width, hidden),
                       .gate = layer("mlp.gate_proj", hidden, inner),
                       .up = layer("mlp.up_proj", hidden, inner),
                       .down = layer("mlp.down_proj", inner, hidden)});
  }
}

std::vector<float> Model::forward(std::span<const int> tokens, Cache& cache) {
  const auto m = static_cast<std::int64_t>(tokens.size());
  if (cache.length + m > shape_.max_position_embeddings) {
    throw halfbyte::Error(
        halfbyte::ErrorCode::range,
        {.function = "Model::forward",
         .argument = "tokens",
         .got = std::to_string(cache.length + m) + " positions with those in the cache",
         .wanted = "at most " + std::to_string(shape_.max_position_embeddings),
         .advice = "start with an empty cache and the last tokens",
         .path = "",
         .offset = {}});
  }
  const auto rows = static_cast<std::size_t>(m);
  const auto hidden = static_cast<std::size_t>(shape_.hidden_size);
  const std::int64_t kv_width = std::int64_t{shape_.head.kv_heads} * shape_.head.head_dim;
  std::vector<float> x;
  x.reserve(rows * hidden);
  for (const int token : tokens) {
    if (token < 0 || token >= shape_.vocab_size) {
      throw halfbyte::Error(halfbyte::ErrorCode::range,
                            {.function = "Model::forward",
                             .argument = "tokens",
                             .got = std::to_string(token),
                             .wanted = "0 ... " + std::to_string(shape_.vocab_size - 1),
                             .advice = "",
                             .path = "",
                             .offset = {}});
    }
    const auto row = embedding_.begin() + std::int64_t{token} * shape_.hidden_size;
    x.insert(x.end(), row, row + shape_.hidden_size);
  }

  std::vector<float> normed;
  std::vector<float> delta(rows * hidden);
  const auto q_width = static_cast<std::size_t>(shape_.head.heads * shape_.head.head_dim);
  std::vector<float> q(rows * q_width);
  std::vector<float> attended(q.size());
  std::vector<float> gate(rows * static_cast<std::size_t>(shape_.intermediate_size));
  std::vector<float> up(gate.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    float* new_keys = cache.keys[i].data() + cache.length * kv_width;
    float* new_values = cache.values[i].data() + cache.length * kv_width;
    normalise(x, block.input_norm, shape_.rms_norm_eps, normed);
    block.q.apply(normed.data(), m, q.data(), scratch_);
    block.k.apply(normed.data(), m, new_keys, scratch_);
    block.v.apply(normed.data(), m, new_values, scratch_);
    rotary_.apply(q.data(), m, shape_.head.heads, cache.length);
    rotary_.apply(new_keys, m, shape_.head.kv_heads, cache.length);
    attend(q.data(), m, cache.length, cache.keys[i].data(), cache.values[i].data(), shape_.head,
           attended.data());
    block.o.apply(attended.data(), m, delta.data(), scratch_);
    add(delta, x);

    normalise(x, block.post_norm, shape_.rms_norm_eps, normed);
    block.gate.apply(normed.data(), m, gate.data(), scratch_);
    block.up.apply(normed.data(), m, up.data(), scratch_);
    gate_by_silu(gate, up);
    block.down.apply(gate.data(), m, delta.data(), scratch_);
    add(delta, x);
  }
  cache.length += m;
  normalise(x, norm_, shape_.rms_norm_eps, normed);
  std::vector<float> logits(rows * static_cast<std::size_t>(shape_.vocab_size));
  head_.apply(normed.data(), m, logits.data(), scratch_);
  return logits;
}

}  // namespace llama
