#include "quantize/shard_plan.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

namespace halfbyte::quantize_detail {
namespace {

constexpr std::string_view weight_suffix = ".weight";

std::string_view last_part(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

bool ties_embeddings(const Checkpoint& source) {
  const auto config = nlohmann::json::parse(source.config_json(), nullptr, false);
  const auto found = config.is_object() ? config.find("tie_word_embeddings") : config.end();
  return config.is_object() && found != config.end() && found->is_boolean() && found->get<bool>();
}

enum class Fate { copied, ignored, quantised };

Fate fate_of(const TensorInfo& tensor, const std::vector<std::string>& skip, bool tied) {
  const std::string_view name = tensor.name;
  if (!name.ends_with(weight_suffix) || tensor.shape.size() != 2) return Fate::copied;
  const std::string_view linear = name.substr(0, name.size() - weight_suffix.size());
  const std::string_view part = last_part(linear);
  if (part == "embed_tokens" || (tied && part == "lm_head")) return Fate::copied;
  const bool floating =
      tensor.dtype == DType::f16 || tensor.dtype == DType::bf16 || tensor.dtype == DType::f32;
  const bool skipped = std::any_of(skip.begin(), skip.end(),
                                   [&](const std::string& s) { return s == linear || s == part; });
  const bool fits = tensor.shape[0] % 8 == 0 && tensor.shape[1] % 8 == 0 && tensor.shape[0] > 0 &&
                    tensor.shape[1] > 0;
  return floating && !skipped && fits ? Fate::quantised : Fate::ignored;
}

// The shape of the weight that quantize() will return, without its arrays.
QuantizedWeight outline(const TensorInfo& tensor, const QuantizeCheckpointOptions& options) {
  QuantizedWeight weight;
  weight.n = tensor.shape[0];
  weight.k = tensor.shape[1];
  weight.bits = options.bits;
  weight.group_size = options.group_size == -1 ? weight.k : options.group_size;
  weight.groups = (weight.k + weight.group_size - 1) / weight.group_size;
  weight.scale_dtype = options.scale_dtype;
  weight.zero_kind = options.symmetric ? ZeroKind::symmetric : ZeroKind::integer;
  if (!options.importance.empty()) weight.g_idx.resize(1);  // writers only ask whether it is there
  return weight;
}

std::uint64_t bytes_of(const checkpoint::TensorSpec& spec) {
  std::uint64_t bytes = size_of(spec.dtype);
  for (const std::int64_t extent : spec.shape) bytes *= static_cast<std::uint64_t>(extent);
  return bytes;
}

void add_outputs(std::vector<checkpoint::TensorSpec> specs, ShardPlan& shard) {
  for (checkpoint::TensorSpec& spec : specs) {
    shard.bytes += bytes_of(spec);
    shard.outputs.push_back(std::move(spec));
  }
}

}  // namespace

CheckpointPlan plan_checkpoint(const Checkpoint& source, const QuantizeCheckpointOptions& options,
                               const checkpoint::CheckpointWriter& writer) {
  CheckpointPlan plan;
  const bool tied = ties_embeddings(source);
  std::map<std::string, ShardPlan> shards;  // by file name, as the shards are numbered
  for (const TensorInfo& tensor : source.tensors()) {
    ShardPlan& shard = shards[tensor.file];
    const Fate fate = fate_of(tensor, options.skip, tied);
    if (fate == Fate::quantised) {
      shard.linears.push_back(tensor.name.substr(0, tensor.name.size() - weight_suffix.size()));
      add_outputs(writer.specs(shard.linears.back(), outline(tensor, options)), shard);
      ++plan.linears;
      continue;
    }
    if (fate == Fate::ignored) {
      plan.ignored.push_back(tensor.name.substr(0, tensor.name.size() - weight_suffix.size()));
    }
    shard.copied.push_back(tensor.name);
    add_outputs({{tensor.name, tensor.dtype, tensor.shape}}, shard);
  }
  for (auto& [file, shard] : shards) {
    shard.source = file;
    shard.target = shards.size() == 1 ? "model.safetensors" : file;
    plan.bytes += shard.bytes;
    plan.shards.push_back(std::move(shard));
  }
  return plan;
}

}  // namespace halfbyte::quantize_detail
