#include "checkpoint/config.h"

#include <array>
#include <utility>

#include "checkpoint/json.h"

namespace halfbyte::checkpoint {
namespace {

using nlohmann::json;

constexpr std::uint64_t max_config_bytes = 16'000'000;

// Files beside config.json, and the method that wrote files of this name before they said so.
struct OlderFile {
  std::string_view name;
  std::string_view method;
};
constexpr std::array older_files = {OlderFile{"quantize_config.json", "gptq"},
                                    OlderFile{"quant_config.json", "awq"}};

json parse_object(std::string_view text, const std::filesystem::path& path,
                  std::string_view function) {
  json root = parse_json(text, {path, 0, function});
  if (!root.is_object())
    throw Error(ErrorCode::format, {.function = std::string(function),
                                    .got = "no object",
                                    .wanted = "a JSON object",
                                    .path = path.string(),
                                    .offset = 0});
  return root;
}

}  // namespace

ConfigObject::ConfigObject(nlohmann::json object, std::filesystem::path path, std::string where,
                           std::string_view function)
    : object_(std::move(object)),
      path_(std::move(path)),
      where_(std::move(where)),
      function_(function) {}

void ConfigObject::refuse(ErrorCode code, std::string_view key, std::string got, std::string wanted,
                          std::string advice) const {
  throw Error(code, {.function = std::string(function_),
                     .argument = where_ + escaped(key),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = path_.string()});
}

const json* ConfigObject::find(Keys keys) const {
  const json* found = nullptr;
  std::string_view name;
  for (const std::string_view key : keys) {
    const auto it = object_.find(key);
    if (it == object_.end() || it->is_null()) continue;
    if (found && *found != *it)
      refuse(ErrorCode::ambiguous, key, escaped(it->dump()),
             std::string(name) + "'s value, " + escaped(found->dump()),
             "take one of the two out of the config");
    found = &*it;
    name = key;
  }
  return found;
}

std::optional<std::int64_t> ConfigObject::integer(Keys keys) const {
  const json* value = find(keys);
  if (!value) return {};
  if (!value->is_number_integer() ||
      (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX))
    refuse(ErrorCode::format, *keys.begin(), escaped(value->dump()), "an integer");
  return value->get<std::int64_t>();
}

std::optional<bool> ConfigObject::boolean(Keys keys) const {
  const json* value = find(keys);
  if (!value) return {};
  if (!value->is_boolean())
    refuse(ErrorCode::format, *keys.begin(), escaped(value->dump()), "true or false");
  return value->get<bool>();
}

std::optional<std::string> ConfigObject::text(Keys keys) const {
  const json* value = find(keys);
  if (!value) return {};
  if (!value->is_string())
    refuse(ErrorCode::format, *keys.begin(), escaped(value->dump()), "a string");
  return value->get<std::string>();
}

std::optional<ConfigObject> ConfigObject::object(Keys keys) const {
  const json* value = find(keys);
  if (!value) return {};
  if (!value->is_object())
    refuse(ErrorCode::format, *keys.begin(), escaped(value->dump()), "an object");
  return ConfigObject(*value, path_, where_ + std::string(*keys.begin()) + ".", function_);
}

std::vector<std::string> ConfigObject::texts(Keys keys) const {
  std::vector<std::string> list;
  const json* value = find(keys);
  if (!value) return list;
  if (!value->is_array())
    refuse(ErrorCode::format, *keys.begin(), escaped(value->dump()), "a list of strings");
  for (const json& element : *value) {
    if (!element.is_string())
      refuse(ErrorCode::format, *keys.begin(), escaped(element.dump()), "a list of strings");
    list.push_back(element.get<std::string>());
  }
  return list;
}

int ConfigObject::bits(Keys keys) const {
  const auto value = integer(keys);
  if (!value) refuse(ErrorCode::format, *keys.begin(), "nothing", "the bits of a weight");
  if (*value != 2 && *value != 3 && *value != 4 && *value != 8)
    refuse(ErrorCode::unsupported, *keys.begin(), std::to_string(*value), "2, 3, 4 or 8");
  return static_cast<int>(*value);
}

std::int64_t ConfigObject::group_size(Keys keys) const {
  const auto value = integer(keys);
  if (!value) refuse(ErrorCode::format, *keys.begin(), "nothing", "-1 or a multiple of 8");
  constexpr std::int64_t largest = std::int64_t{1} << 40;
  if (*value != -1 && (*value < 8 || *value % 8 != 0 || *value > largest))
    refuse(ErrorCode::range, *keys.begin(), std::to_string(*value), "-1 or a multiple of 8");
  return *value;
}

ModelConfig parse_model_config(std::string text, const std::filesystem::path& path,
                               std::string_view function) {
  ModelConfig config;
  const ConfigObject root(parse_object(text, path, function), path, "", function);
  if (auto quantization = root.object({"quantization_config"}))
    config.quantization.push_back(std::move(*quantization));
  config.text = std::move(text);
  return config;
}

ModelConfig read_model_config(const Folder& folder, std::string_view function) {
  ModelConfig config;
  bool any = false;
  if (folder.has("config.json")) {
    const File file = folder.open_file("config.json", function);
    config = parse_model_config(file.read_text(max_config_bytes, function), file.path(), function);
    any = true;
  }
  for (const OlderFile& older : older_files) {
    if (!folder.has(older.name)) continue;
    const File file = folder.open_file(older.name, function);
    json root = parse_object(file.read_text(max_config_bytes, function), file.path(), function);
    root.emplace("quant_method", older.method);
    config.quantization.emplace_back(std::move(root), file.path(), "", function);
    any = true;
  }
  if (!any)
    throw Error(ErrorCode::io, {.function = std::string(function),
                                .got = "no config.json",
                                .wanted = "config.json, quantize_config.json or quant_config.json",
                                .advice = "pass the folder of a checkpoint",
                                .path = folder.shown_as().string()});
  return config;
}

}  // namespace halfbyte::checkpoint
