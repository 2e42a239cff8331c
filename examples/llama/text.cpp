#include "llama/text.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "halfbyte/error.h"

namespace llama {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Draws from softmax(logits / temperature); the most likely token where temperature is 0.
int sample(std::span<const float> logits, double temperature, std::mt19937_64& random) {
  const auto top = std::max_element(logits.begin(), logits.end());
  if (temperature == 0) return static_cast<int>(top - logits.begin());
  std::vector<double> weights;
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp((double{logit} - double{*top}) / temperature);
    weights.push_back(sum);
  }
  // 53 random bits: the standard's distributions differ between libraries, this does not.
  const double at = static_cast<double>(random() >> 11) * 0x1p-53 * sum;
  const auto chosen = std::upper_bound(weights.begin(), weights.end(), at);
  return static_cast<int>(std::min(chosen, weights.end() - 1) - weights.begin());
}

[[noreturn]] void fail(halfbyte::ErrorCode code, std::string argument, std::string got,
                       std::string wanted) {
  throw halfbyte::Error(code, {.function = "llama",
                               .argument = std::move(argument),
                               .got = std::move(got),
                               .wanted = std::move(wanted)});
}

}  // namespace

std::vector<int> tokens_of(std::string_view text, const Shape& shape) {
  if (shape.vocab_size != 256) {
    fail(halfbyte::ErrorCode::unsupported, "vocab_size", std::to_string(shape.vocab_size),
         "256: text goes in as bytes, no tokenizer is built in");
  }
  std::vector<int> tokens;
  for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
  return tokens;
}

Speed generate(Model& model, std::string_view prompt, const GenerateOptions& options,
               const std::function<void(char)>& emit) {
  if (prompt.empty()) fail(halfbyte::ErrorCode::arg, "prompt", "nothing", "at least one byte");
  if (!(options.temperature >= 0 && options.temperature <= 1000)) {
    fail(halfbyte::ErrorCode::range, "temperature", std::to_string(options.temperature),
         "0 ... 1000");
  }
  const auto limit = static_cast<std::size_t>(model.shape().max_position_embeddings);
  const auto vocab = static_cast<std::size_t>(model.shape().vocab_size);
  std::vector<int> text = tokens_of(prompt, model.shape());
  std::mt19937_64 random(options.seed);
  const auto prefill = [&](Cache& cache, std::size_t count) {
    count = std::min(count, text.size());
    return model.forward(std::span(text).last(count), cache);
  };

  Cache cache(model.shape());
  const auto start = Clock::now();
  std::vector<float> logits = prefill(cache, limit);
  Speed speed;
  speed.prefill_tokens_per_second = static_cast<double>(cache.length) / seconds_since(start);
  const auto decode_start = Clock::now();
  for (int i = 0; i < options.tokens; ++i) {
    text.push_back(sample(std::span(logits).last(vocab), options.temperature, random));
    emit(static_cast<char>(text.back()));
    if (i + 1 == options.tokens) break;
    if (cache.length == static_cast<std::int64_t>(limit)) {
      cache.length = 0;
      logits = prefill(cache, std::max<std::size_t>(1, limit / 2));
    } else {
      logits = prefill(cache, 1);
    }
  }
  // The first token came from the prefill's logits.
  if (options.tokens > 1) {
    speed.tokens_per_second = (options.tokens - 1) / seconds_since(decode_start);
  }
  return speed;
}

Perplexity measure_perplexity(Model& model, std::string_view text, std::int64_t context) {
  if (context < 2 || context > model.shape().max_position_embeddings) {
    fail(halfbyte::ErrorCode::range, "context", std::to_string(context),
         "2 ... " + std::to_string(model.shape().max_position_embeddings));
  }
  const std::vector<int> tokens = tokens_of(text, model.shape());
  const auto vocab = static_cast<std::size_t>(model.shape().vocab_size);
  Cache cache(model.shape());
  Perplexity result;
  double nats = 0;
  const auto start = Clock::now();
  for (std::size_t at = 0; at + 1 < tokens.size(); at += static_cast<std::size_t>(context)) {
    const auto window = std::span(tokens).subspan(
        at, std::min(static_cast<std::size_t>(context), tokens.size() - at));
    cache.length = 0;
    const std::vector<float> logits = model.forward(window, cache);
    for (std::size_t i = 0; i + 1 < window.size(); ++i) {
      const auto row = std::span(logits).subspan(i * vocab, vocab);
      const double top = *std::max_element(row.begin(), row.end());
      double sum = 0;
      for (const float logit : row) sum += std::exp(double{logit} - top);
      nats += top + std::log(sum) - double{row[static_cast<std::size_t>(window[i + 1])]};
      ++result.bytes;
    }
  }
  if (result.bytes == 0) {
    fail(halfbyte::ErrorCode::arg, "text", std::to_string(text.size()) + " bytes", "at least 2");
  }
  result.tokens_per_second = static_cast<double>(tokens.size()) / seconds_since(start);
  const double mean = nats / static_cast<double>(result.bytes);
  result.perplexity = std::exp(mean);
  result.bits_per_byte = mean / std::log(2.0);
  return result;
}

}  // namespace llama
