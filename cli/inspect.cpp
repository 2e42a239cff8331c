// halfbyte inspect: what a checkpoint holds.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/table.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string checkpoint, format, layer;
  bool tensors = false, json = false;
};

std::string zero_convention(const std::string& format) {
  static const std::map<std::string, std::string> conventions = {
      {"gptq", "w = (q - z) s, files store z - 1"},
      {"gptq_v2", "w = (q - z) s, files store z"},
      {"awq", "w = (q - z) s, files store z"},
      {"compressed-tensors", "w = (q - z) s, files store q and z with 2^(bits-1) added"},
      {"mxfp4", "w = table[q] 2^(e-127), no zeros"},
      {"dense", "not quantised"}};
  const auto found = conventions.find(format);
  return found == conventions.end() ? "unknown" : found->second;
}

// Bytes of all tensors of a layer but its bias: codes, scales, zeros, indices.
double bits_per_weight(const Checkpoint& model, const LayerInfo& layer) {
  double bytes = 0;
  for (const TensorInfo& tensor : model.tensors()) {
    if (tensor.name.starts_with(layer.name + ".") && tensor.name != layer.name + ".bias") {
      bytes += static_cast<double>(tensor.bytes);
    }
  }
  const double weights = static_cast<double>(layer.k) * static_cast<double>(layer.n);
  return weights > 0 ? 8 * bytes / weights : 0;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t extent : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  }
  return text + ")";
}

Json describe(const Checkpoint& model, bool with_tensors) {
  Json out;
  out["folder"] = model.folder().string();
  out["format"] = model.format();
  out["zero_convention"] = zero_convention(model.format());
  std::uint64_t bytes = 0;
  std::map<std::string, std::uint64_t> files;
  for (const TensorInfo& tensor : model.tensors()) {
    bytes += tensor.bytes;
    files[tensor.file] += tensor.bytes;
  }
  out["tensor_bytes"] = bytes;
  for (const auto& [file, size] : files) out["files"].push_back({{"file", file}, {"bytes", size}});
  out["layers"] = Json::array();
  for (const LayerInfo& layer : model.layers()) {
    out["layers"].push_back({{"name", layer.name},
                             {"k", layer.k},
                             {"n", layer.n},
                             {"bits", layer.bits},
                             {"group_size", layer.group_size},
                             {"act_order", layer.act_order},
                             {"bias", layer.has_bias},
                             {"bits_per_weight", bits_per_weight(model, layer)}});
  }
  if (!with_tensors) return out;
  out["tensors"] = Json::array();
  for (const TensorInfo& tensor : model.tensors()) {
    out["tensors"].push_back({{"name", tensor.name},
                              {"dtype", name(tensor.dtype)},
                              {"shape", tensor.shape},
                              {"bytes", tensor.bytes},
                              {"file", tensor.file}});
  }
  return out;
}

// One layer in numbers: how often each code occurs, the scales' range.
Json describe_layer(const Checkpoint& model, const std::string& layer) {
  const QuantizedWeight w = model.load(layer);
  std::vector<std::int64_t> codes(std::size_t{1} << w.bits);
  for (std::int64_t j = 0; j < w.n; ++j) {
    for (std::int64_t i = 0; i < w.k; ++i) ++codes[w.code(i, j)];
  }
  double low = 0, high = 0;
  for (std::int64_t g = 0; g < w.groups; ++g) {
    for (std::int64_t j = 0; j < w.n; ++j) {
      const double s = w.scale(g, j);
      low = g + j == 0 ? s : std::min(low, s);
      high = g + j == 0 ? s : std::max(high, s);
    }
  }
  return {{"name", layer},    {"groups", w.groups}, {"scale_dtype", name(w.scale_dtype)},
          {"scale_min", low}, {"scale_max", high},  {"code_counts", codes}};
}

void print_text(const Json& all) {
  std::cout << "format   " << all["format"].get<std::string>() << '\n'
            << "zeros    " << all["zero_convention"].get<std::string>() << '\n'
            << "tensors  " << all["tensor_bytes"] << " bytes\n";
  for (const Json& file : all.value("files", Json::array())) {
    std::cout << "file     " << printable(file["file"].get<std::string>()) << "  " << file["bytes"]
              << " bytes\n";
  }
  std::cout << "\nbits/weight  bits  group  k x n  order  bias  layer\n";
  for (const Json& layer : all["layers"]) {
    std::cout << bench::short_number(layer["bits_per_weight"].get<double>()) << "  "
              << layer["bits"] << "  " << layer["group_size"] << "  " << layer["k"] << "x"
              << layer["n"] << "  " << (layer["act_order"].get<bool>() ? "act-order" : "-") << "  "
              << (layer["bias"].get<bool>() ? "bias" : "-") << "  "
              << printable(layer["name"].get<std::string>()) << '\n';
  }
  if (all.contains("tensors")) std::cout << "\ndtype  shape  bytes  tensor\n";
  for (const Json& tensor : all.value("tensors", Json::array())) {
    std::cout << tensor["dtype"].get<std::string>() << "  "
              << shape_text(tensor["shape"].get<std::vector<std::int64_t>>()) << "  "
              << tensor["bytes"] << "  " << printable(tensor["name"].get<std::string>()) << '\n';
  }
}

void print_layer_text(const Json& layer) {
  std::cout << "groups  " << layer["groups"] << "\nscales  "
            << layer["scale_dtype"].get<std::string>() << " from " << layer["scale_min"] << " to "
            << layer["scale_max"] << "\n\ncode  count\n";
  const Json& counts = layer["code_counts"];
  for (std::size_t q = 0; q < counts.size(); ++q) std::cout << q << "  " << counts[q] << '\n';
}

void inspect(const Arguments& a) {
  const Checkpoint model = Checkpoint::open(a.checkpoint, {.format = a.format});
  if (!a.layer.empty()) (void)model.layer(a.layer);  // names the nearest when there is none
  const Json out = a.layer.empty() ? describe(model, a.tensors) : describe_layer(model, a.layer);
  if (a.json) {
    std::cout << out.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  } else if (a.layer.empty()) {
    print_text(out);
  } else {
    print_layer_text(out);
  }
}

}  // namespace

void add_inspect(CLI::App& app, int&) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("inspect", "what a checkpoint holds");
  verb->add_option("checkpoint", a->checkpoint, "folder of the checkpoint")->required();
  verb->add_option("--format", a->format, "settles an ambiguous checkpoint, as in `apply`");
  verb->add_option("--layer", a->layer, "codes and scales of this layer instead");
  verb->add_flag("--tensors", a->tensors, "list every tensor too");
  verb->add_flag("--json", a->json, "print JSON");
  verb->callback([a] { inspect(*a); });
}

}  // namespace halfbyte::cli
