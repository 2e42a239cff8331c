// What `halfbyte bench` measures: the shapes of a checkpoint, of a known model, or named by hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/linear_bench.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::cli {

// A shape before its weights are in memory: they are made one shape at a time.
struct BenchSource {
  std::string layer;
  std::int64_t k = 0, n = 0;
  std::function<bench::BenchShape()> make;
};

// (k, n) pairs of equal length, random weights.
std::vector<BenchSource> random_shapes(const std::vector<std::int64_t>& k,
                                       const std::vector<std::int64_t>& n, std::int64_t group);

// The linears of a decoder layer, random weights. Names: "llama3-8b".
std::vector<BenchSource> model_shapes(const std::string& model, std::int64_t group);

// Every quantised linear, those of one shape and kind together. The checkpoint must outlive them.
std::vector<BenchSource> checkpoint_shapes(const Checkpoint& checkpoint);

}  // namespace halfbyte::cli
