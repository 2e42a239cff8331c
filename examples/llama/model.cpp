#include "llama/model.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "halfbyte/error.h"

namespace llama {
namespace {

[[noreturn]] void fail_tokens(const std::string& got, const std::string& wanted,
                              const std::string& advice) {
  throw halfbyte::Error(halfbyte::ErrorCode::range, {.function = "Model::forward",
                                                     .argument = "tokens",
                                                     .got = got,
                                                     .wanted = wanted,
                                                     .advice = advice});
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

// m tokens' heads of q, k and v, after the rotary embedding.
void round_attention(const Rounding& how, const HeadShape& head, std::int64_t m, float* q, float* k,
                     float* v) {
  const std::int64_t queries = m * head.heads, keys = m * head.kv_heads, width = head.head_dim;
  if (how.turn_qk) turn_rows(q, queries, width);
  if (how.turn_qk) turn_rows(k, keys, width);
  if (how.q) round_rows(q, queries, width, how.attention, how.scales);
  if (how.k) round_rows(k, keys, width, how.attention, how.scales);
  if (how.v) round_rows(v, keys, width, how.attention, how.scales);
}

}  // namespace

Shape read_shape(const halfbyte::Checkpoint& checkpoint) {
  using halfbyte::ErrorCode;
  const auto config = nlohmann::json::parse(checkpoint.config_json());
  const auto fail = [&](ErrorCode code, const std::string& key, const std::string& wanted) {
    const auto path = (checkpoint.folder() / "config.json").string();
    const std::string got = config.contains(key) ? config[key].dump() : "no such key";
    throw halfbyte::Error(
        code, {.function = "llama", .argument = key, .got = got, .wanted = wanted, .path = path});
  };
  const auto number = [&](const char* key) {
    const bool sane = config.contains(key) && config[key].is_number() && config[key] > 0;
    if (!sane) fail(ErrorCode::format, key, "a positive number");
    return config[key].get<double>();
  };
  const auto integer = [&](const char* key) -> std::int64_t {
    const bool sane = config.contains(key) && config[key].is_number_integer() && config[key] > 0 &&
                      config[key] <= 1 << 24;  // products stay in 64 bits
    if (!sane) fail(ErrorCode::format, key, "an integer in 1 ... 2^24");
    return config[key];
  };
  const auto given = [&](const char* key) {
    return config.contains(key) && !config[key].is_null();
  };

  if (!given("model_type") || config["model_type"] != "llama") {
    fail(ErrorCode::unsupported, "model_type", "llama");
  }
  if (given("rope_scaling")) {
    fail(ErrorCode::unsupported, "rope_scaling", "null: positions are not rescaled here");
  }
  Shape shape;
  shape.hidden_size = integer("hidden_size");
  shape.intermediate_size = integer("intermediate_size");
  shape.num_hidden_layers = integer("num_hidden_layers");
  shape.vocab_size = integer("vocab_size");
  shape.max_position_embeddings = integer("max_position_embeddings");
  shape.rms_norm_eps = static_cast<float>(number("rms_norm_eps"));
  shape.rope_theta = given("rope_theta") ? number("rope_theta") : 10000;
  shape.head.heads = integer("num_attention_heads");
  shape.head.kv_heads =
      given("num_key_value_heads") ? integer("num_key_value_heads") : shape.head.heads;
  shape.head.head_dim =
      given("head_dim") ? integer("head_dim") : shape.hidden_size / shape.head.heads;
  if (shape.head.heads % shape.head.kv_heads != 0) {
    fail(ErrorCode::format, "num_key_value_heads", "a divisor of num_attention_heads");
  }
  if (shape.head.head_dim < 2 || shape.head.head_dim % 2 != 0) {
    fail(ErrorCode::format, "head_dim", "an even number");
  }
  return shape;
}

Model::Model(const halfbyte::Checkpoint& checkpoint, halfbyte::Device device)
    : shape_(read_shape(checkpoint)),
      embedding_(widen(read_tensor(checkpoint, "model.embed_tokens.weight",
                                   {shape_.vocab_size, shape_.hidden_size}))),
      norm_(widen(read_tensor(checkpoint, "model.norm.weight", {shape_.hidden_size}))),
      // A tied head has no tensor of its own: it is the embedding, transposed.
      head_(checkpoint, checkpoint.has_tensor("lm_head.weight") ? "lm_head" : "model.embed_tokens",
            shape_.hidden_size, shape_.vocab_size, device),
      rotary_(shape_.head.head_dim, shape_.rope_theta) {
  const std::int64_t hidden = shape_.hidden_size;
  const std::int64_t inner = shape_.intermediate_size;
  for (int i = 0; i < shape_.num_hidden_layers; ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    const auto norm = [&](const char* name) {
      return widen(read_tensor(checkpoint, at + name, {hidden}));
    };
    const auto layer = [&](const char* name, std::int64_t k, std::int64_t n) {
      return Layer(checkpoint, at + name, k, n, device);
    };
    blocks_.push_back({.input_norm = norm("input_layernorm.weight"),
                       .post_norm = norm("post_attention_layernorm.weight"),
                       .q = layer("self_attn.q_proj", hidden, shape_.q_width()),
                       .k = layer("self_attn.k_proj", hidden, shape_.kv_width()),
                       .v = layer("self_attn.v_proj", hidden, shape_.kv_width()),
                       .o = layer("self_attn.o_proj", shape_.q_width(), hidden),
                       .gate = layer("mlp.gate_proj", hidden, inner),
                       .up = layer("mlp.up_proj", hidden, inner),
                       .down = layer("mlp.down_proj", inner, hidden)});
  }
}

std::vector<float> Model::forward(std::span<const int> tokens, Cache& cache) {
  const auto m = static_cast<std::int64_t>(tokens.size());
  const std::int64_t end = cache.length + m;
  if (end > shape_.max_position_embeddings) {
    fail_tokens(std::to_string(end) + " positions with those in the cache",
                "at most " + std::to_string(shape_.max_position_embeddings),
                "start with an empty cache and the last tokens");
  }
  std::vector<float> x;
  for (const int token : tokens) {
    if (token < 0 || token >= shape_.vocab_size) {
      fail_tokens(std::to_string(token), "0 ... " + std::to_string(shape_.vocab_size - 1), "");
    }
    const auto row = embedding_.begin() + token * shape_.hidden_size;
    x.insert(x.end(), row, row + shape_.hidden_size);
  }

  const auto rows_of = [m](std::int64_t width) {
    return std::vector<float>(static_cast<std::size_t>(m * width));
  };
  const std::int64_t kv_width = shape_.kv_width();
  auto delta = rows_of(shape_.hidden_size);
  auto q = rows_of(shape_.q_width()), attended = q;
  auto gate = rows_of(shape_.intermediate_size), up = gate;
  rotary_.reach(end);
  std::vector<float> normed;
  const auto round_input = [&](std::vector<float>& rows, std::int64_t width) {
    round_rows(rows.data(), m, width, rounding_.linears, Scales::row);
  };
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    cache.keys[i].resize(static_cast<std::size_t>(end * kv_width));
    cache.values[i].resize(cache.keys[i].size());
    float* new_keys = cache.keys[i].data() + cache.length * kv_width;
    float* new_values = cache.values[i].data() + cache.length * kv_width;
    normalise(x, block.input_norm, shape_.rms_norm_eps, normed);
    round_input(normed, shape_.hidden_size);
    block.q.apply(normed.data(), m, q.data(), scratch_);
    block.k.apply(normed.data(), m, new_keys, scratch_);
    block.v.apply(normed.data(), m, new_values, scratch_);
    rotary_.apply(q.data(), m, shape_.head.heads, cache.length);
    rotary_.apply(new_keys, m, shape_.head.kv_heads, cache.length);
    round_attention(rounding_, shape_.head, m, q.data(), new_keys, new_values);
    attend(q.data(), m, cache.length, cache.keys[i].data(), cache.values[i].data(), shape_.head,
           attended.data());
    round_input(attended, shape_.q_width());
    block.o.apply(attended.data(), m, delta.data(), scratch_);
    add(delta, x);

    normalise(x, block.post_norm, shape_.rms_norm_eps, normed);
    round_input(normed, shape_.hidden_size);
    block.gate.apply(normed.data(), m, gate.data(), scratch_);
    block.up.apply(normed.data(), m, up.data(), scratch_);
    gate_by_silu(gate, up);
    if (rounding_.turn_down) turn_rows(gate.data(), m, shape_.intermediate_size);
    round_input(gate, shape_.intermediate_size);
    if (rounding_.turn_down) turn_rows(gate.data(), m, shape_.intermediate_size, true);
    block.down.apply(gate.data(), m, delta.data(), scratch_);
    add(delta, x);
  }
  cache.length = end;
  normalise(x, norm_, shape_.rms_norm_eps, normed);
  auto logits = rows_of(shape_.vocab_size);
  head_.apply(normed.data(), m, logits.data(), scratch_);
  return logits;
}

}  // namespace llama
