#include "checkpoint/compressed_tensors_scheme.h"

#include <optional>
#include <utility>

namespace halfbyte::checkpoint {
namespace {

// The groups may target different modules, but a layer's tensors do not say which group it is in.
ConfigObject read_groups(const ConfigObject& config, const std::string& format) {
  const auto groups = config.object({"config_groups"});
  if (!groups || groups->raw().empty())
    config.refuse(ErrorCode::format, "config_groups", "nothing", "at least one group");
  std::optional<ConfigObject> weights;
  for (const auto& [name, ignored] : groups->raw().items()) {
    const auto group = groups->object({name});
    if (!group) groups->refuse(ErrorCode::format, name, "null", "an object");
    for (const char* key : {"input_activations", "output_activations"})
      if (group->find({key}))
        group->refuse(ErrorCode::unsupported, key, "quantised activations", "null");
    if (const auto own = group->text({"format"}); own && *own != format)
      group->refuse(ErrorCode::unsupported, "format", "\"" + escaped(*own) + "\"",
                    "the format of the whole checkpoint");
    auto scheme = group->object({"weights"});
    if (!scheme) group->refuse(ErrorCode::format, "weights", "nothing", "an object");
    if (weights && weights->raw() != scheme->raw())
      group->refuse(ErrorCode::unsupported, "weights", "groups that differ",
                    "the same for all groups");
    if (!weights) weights.emplace(std::move(*scheme));
  }
  return *weights;
}

std::int64_t read_group_size(const ConfigObject& weights) {
  const auto size = weights.integer({"group_size"});
  const std::string implied = !size ? "tensor" : *size == -1 ? "channel" : "group";
  const std::string strategy = weights.text({"strategy"}).value_or(implied);
  if (strategy == "channel") return -1;
  if (strategy == "group") return weights.group_size({"group_size"});
  weights.refuse(ErrorCode::unsupported, "strategy", "\"" + escaped(strategy) + "\"",
                 "\"group\" or \"channel\"");
}

// null, a name, or in older files a boolean.
bool read_act_order(const ConfigObject& weights) {
  const nlohmann::json* value = weights.find({"actorder"});
  if (!value) return false;
  if (value->is_boolean()) return value->get<bool>();
  const std::string order = *weights.text({"actorder"});
  if (order != "group" && order != "weight" && order != "static")
    weights.refuse(ErrorCode::unsupported, "actorder", "\"" + escaped(order) + "\"",
                   "null, \"group\", \"weight\" or \"static\"");
  return order == "group";
}

}  // namespace

std::string compressed_format(const ConfigObject& config) {
  return config.text({"format"}).value_or("");
}

CompressedScheme read_compressed_scheme(const ConfigObject& config) {
  if (const auto sparsity = config.object({"sparsity_config"}))
    if (sparsity->text({"format"}).value_or("dense") != "dense")
      sparsity->refuse(ErrorCode::unsupported, "format", "sparse weights", "\"dense\"");
  if (const auto rotations = config.object({"transform_config"});
      rotations && !rotations->raw().empty())
    config.refuse(ErrorCode::unsupported, "transform_config", "transforms around the layers",
                  "none");

  const ConfigObject weights = read_groups(config, compressed_format(config));
  if (weights.boolean({"dynamic"}).value_or(false))
    weights.refuse(ErrorCode::unsupported, "dynamic", "true", "false");
  CompressedScheme scheme{.weights = weights, .config = {}, .type = {}};
  scheme.type = weights.text({"type"}).value_or("int");
  const auto bits = weights.integer({"num_bits"});
  if (!bits) weights.refuse(ErrorCode::format, "num_bits", "nothing", "the bits of a weight");
  scheme.num_bits = *bits;
  scheme.config.group_size = read_group_size(weights);
  scheme.config.symmetric = weights.boolean({"symmetric"}).value_or(true);
  scheme.config.act_order = read_act_order(weights);
  scheme.config.ignore = config.texts({"ignore"});
  return scheme;
}

}  // namespace halfbyte::checkpoint
