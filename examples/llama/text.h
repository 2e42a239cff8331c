// What one does with a model of bytes: continue a text, and measure how well it predicts one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "llama/model.h"

namespace llama {

// Bytes of a text as tokens; throws E_UNSUPPORTED unless the vocabulary is the 256 bytes.
std::vector<int> tokens_of(std::string_view text, const Shape& shape);

struct GenerateOptions {
  int tokens = 200;
  double temperature = 0;  // 0: the most likely byte each time
  std::uint64_t seed = 1;
};

struct Speed {
  double prefill_tokens_per_second = 0;
  double tokens_per_second = 0;  // decode: one token a step
};

// Calls `emit` with each new byte. A text that outgrows the model's context goes on from its last
// half.
Speed generate(Model& model, std::string_view prompt, const GenerateOptions& options,
               const std::function<void(char)>& emit);

struct Perplexity {
  std::int64_t bytes = 0;  // that were predicted
  double perplexity = 0;   // exp of the mean cost of a byte
  double bits_per_byte = 0;
  double tokens_per_second = 0;
};

// The text in windows of `context` bytes side by side; each window's first byte is not predicted.
Perplexity measure_perplexity(Model& model, std::string_view text, std::int64_t context);

}  // namespace llama
