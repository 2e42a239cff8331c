#include "checkpoint/model.h"

#include <algorithm>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

// The config of the most authoritative file. A second file that describes another weight makes the
// whole ambiguous.
QuantConfig read_config(const ModelConfig& model, const Importer& importer, bool format_given) {
  if (model.quantization.empty() || importer.method.empty()) return {};
  QuantConfig first = importer.read_config(model.quantization.front());
  first.convention_given = format_given;
  for (const ConfigObject& other : model.quantization) {
    if (other.text({"quant_method"}) != importer.method) continue;  // only where a format was given
    const QuantConfig second = importer.read_config(other);
    const auto differ = [&](const char* key, auto a, auto b) {
      if (a != b)
        other.refuse(ErrorCode::ambiguous, key, std::to_string(b),
                     std::to_string(a) + ", as config.json says", "make the two configs agree");
    };
    differ("bits", first.bits, second.bits);
    differ("group_size", first.group_size, second.group_size);
    differ("sym", first.symmetric.value_or(false), second.symmetric.value_or(false));
  }
  return first;
}

// Layers are what has a tensor of the importer's marker; config patterns are never matched.
std::vector<LayerInfo> find_layers(const TensorStore& store, const Importer& importer,
                                   const QuantConfig& config, std::string_view function) {
  std::vector<LayerInfo> layers;
  if (importer.marker.empty()) return layers;
  for (const TensorEntry* entry : store.entries()) {
    if (entry->name.size() <= importer.marker.size() || !entry->name.ends_with(importer.marker))
      continue;
    const std::string layer = entry->name.substr(0, entry->name.size() - importer.marker.size());
    layers.push_back(importer.describe(store, config, layer, function));
  }
  std::sort(layers.begin(), layers.end(),
            [](const LayerInfo& a, const LayerInfo& b) { return a.name < b.name; });
  if (layers.empty())
    throw Error(ErrorCode::format, {.function = std::string(function),
                                    .got = "no tensor named *" + std::string(importer.marker),
                                    .wanted = "layers of the format " + std::string(importer.name) +
                                              ", which the config names",
                                    .path = store.path().string()});
  return layers;
}

// Packed tensors without a config would look like a 16-bit model with odd integers in it.
void refuse_packed_tensors(const TensorStore& store, std::string_view function) {
  for (const TensorEntry* entry : store.entries())
    for (const Importer* row : importers())
      if (!row->marker.empty() && entry->name.ends_with(row->marker))
        throw Error(ErrorCode::format,
                    {.function = std::string(function),
                     .argument = "tensor \"" + escaped(entry->name) + "\"",
                     .got = "a packed tensor",
                     .wanted = "a \"quantization_config\" that says what it means",
                     .advice = "add it to config.json, or quantize_config.json beside it",
                     .path = store.path().string()});
}

}  // namespace

Model assemble_model(ModelConfig config, TensorStore store, const OpenOptions& options,
                     std::string_view function) {
  Model model;
  model.importer = &choose_importer(config, options.format, function);
  model.config = read_config(config, *model.importer, !options.format.empty());
  model.config_text = std::move(config.text);
  model.store = std::move(store);
  if (model.importer->marker.empty() && options.format.empty())
    refuse_packed_tensors(model.store, function);
  model.layers = find_layers(model.store, *model.importer, model.config, function);
  const std::filesystem::path& whole = model.store.path();
  for (const TensorEntry* entry : model.store.entries()) {
    const std::filesystem::path& file = model.store.file_of(*entry).path();
    model.tensors.push_back(
        {.name = entry->name,
         .dtype = entry->dtype,
         .shape = entry->shape,
         .bytes = entry->bytes,
         .file = (file == whole ? file.filename() : file.lexically_relative(whole)).string()});
  }
  return model;
}

QuantizedWeight load_layer(const Model& model, const LayerInfo& layer, std::string_view function) {
  QuantizedWeight weight = model.importer->load(model.store, model.config, layer, function);
  weight.check(function, layer.name);
  return weight;
}

}  // namespace halfbyte::checkpoint
