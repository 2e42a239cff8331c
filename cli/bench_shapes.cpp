#include "cli/bench_shapes.h"

#include <array>
#include <map>
#include <set>
#include <tuple>

#include "bench/random_data.h"
#include "cli/arguments.h"

namespace halfbyte::cli {
namespace {

BenchSource random_shape(std::string label, std::int64_t k, std::int64_t n, std::int64_t group) {
  return {label, k, n, [=] {
            const auto seed = static_cast<std::uint64_t>(k * 31 + n);
            return bench::BenchShape{label, {bench::random_weight(k, n, group, seed)}};
          }};
}

struct ModelLinear {
  const char* name;
  std::int64_t k, n;
};

// Meta-Llama-3-8B: hidden 4096, 32 + 8 + 8 heads of 128, MLP 14336; projections that share their
// input are one matrix, as engines run them.
constexpr std::array llama3_8b = {ModelLinear{"qkv", 4096, 6144}, ModelLinear{"o", 4096, 4096},
                                  ModelLinear{"gate_up", 4096, 28672},
                                  ModelLinear{"down", 14336, 4096}};

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

// "q_proj/o_proj x8": the distinct last parts and the number of layers.
std::string label_of(const std::vector<std::string>& layers) {
  if (layers.size() == 1) return layers.front();
  std::set<std::string> seen;
  std::string label;
  for (const std::string& layer : layers) {
    if (!seen.insert(last_part(layer)).second) continue;
    label += (label.empty() ? "" : "/") + last_part(layer);
  }
  return label + " x" + std::to_string(layers.size());
}

}  // namespace

std::vector<BenchSource> random_shapes(const std::vector<std::int64_t>& k,
                                       const std::vector<std::int64_t>& n, std::int64_t group) {
  std::vector<BenchSource> sources;
  for (std::size_t i = 0; i < k.size(); ++i) {
    sources.push_back(random_shape("random", k[i], n[i], group));
  }
  return sources;
}

std::vector<BenchSource> model_shapes(const std::string& model, std::int64_t group) {
  if (model != "llama3-8b") {
    refuse(ErrorCode::arg, {"bench", "--model"}, '"' + model + '"', "llama3-8b");
  }
  std::vector<BenchSource> sources;
  for (const ModelLinear& linear : llama3_8b) {
    sources.push_back(random_shape(model + " " + linear.name, linear.k, linear.n, group));
  }
  return sources;
}

std::vector<BenchSource> checkpoint_shapes(const Checkpoint& checkpoint) {
  std::map<std::tuple<std::int64_t, std::int64_t, int, std::int64_t, bool>,
           std::vector<std::string>>
      kinds;
  for (const LayerInfo& layer : checkpoint.layers()) {
    kinds[{layer.k, layer.n, layer.bits, layer.group_size, layer.act_order}].push_back(layer.name);
  }
  if (kinds.empty()) {
    refuse(ErrorCode::arg, {"bench", "--checkpoint"}, "a checkpoint without quantised linears",
           "a quantised checkpoint", "make one with `halfbyte quantize`");
  }
  std::vector<BenchSource> sources;
  for (const auto& [kind, names] : kinds) {
    const std::string label = label_of(names);
    sources.push_back({label, std::get<0>(kind), std::get<1>(kind), [=, &checkpoint] {
                         bench::BenchShape shape{label, {}};
                         for (const std::string& name : names) {
                           shape.weights.push_back(checkpoint.load(name));
                         }
                         return shape;
                       }});
  }
  return sources;
}

}  // namespace halfbyte::cli
