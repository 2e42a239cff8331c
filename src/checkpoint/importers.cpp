#include "checkpoint/importers.h"

#include <array>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

constexpr std::array table = {
    &gptq_importer,  &gptq_v2_importer, &awq_importer, &compressed_tensors_importer,
    &mxfp4_importer, &dense_importer,
};

std::string list(const Importer* const* begin, const Importer* const* end,
                 std::string_view Importer::* field, std::string_view method = {}) {
  std::string text;
  std::string_view last;
  for (; begin != end; ++begin) {
    const std::string_view value = (**begin).*field;
    if (value.empty() || value == last || (!method.empty() && (**begin).method != method)) continue;
    text += (text.empty() ? "" : ", ") + std::string(value);
    last = value;
  }
  return text;
}

std::string list(std::string_view Importer::* field, std::string_view method = {}) {
  return list(table.data(), table.data() + table.size(), field, method);
}

// What a config by itself says.
const Importer& importer_of(const ConfigObject& config) {
  const std::string method = config.text({"quant_method"}).value_or("");
  std::string dialect;
  const Importer* same_method = nullptr;
  for (const Importer* row : table) {
    if (row->method.empty() || row->method != method) continue;
    dialect = row->dialect_of(config);
    if (row->dialect == dialect) return *row;
    same_method = row;
  }
  if (!same_method)
    config.refuse(ErrorCode::unsupported, "quant_method", "\"" + escaped(method) + "\"",
                  list(&Importer::method));
  config.refuse(ErrorCode::unsupported, "quant_method",
                "the " + method + " format \"" + escaped(dialect) + "\"",
                list(&Importer::dialect, method));
}

const Importer& importer_named(std::string_view format, std::string_view function) {
  for (const Importer* row : table)
    if (row->name == format) return *row;
  throw Error(ErrorCode::arg, {.function = std::string(function),
                               .argument = "format",
                               .got = "\"" + escaped(format) + "\"",
                               .wanted = list(&Importer::name)});
}

}  // namespace

std::span<const Importer* const> importers() { return table; }

const Importer& choose_importer(const ModelConfig& config, std::string_view format,
                                std::string_view function) {
  if (!format.empty()) {
    const Importer& named = importer_named(format, function);
    const std::string method =
        config.quantization.empty()
            ? std::string()
            : config.quantization.front().text({"quant_method"}).value_or("");
    if (named.method != method && !named.method.empty())
      throw Error(
          ErrorCode::arg,
          {.function = std::string(function),
           .argument = "format",
           .got = "\"" + std::string(format) + "\"",
           .wanted = method.empty() ? "\"dense\", as the config names no quantisation"
                                    : "a format of " + escaped(method) + ", as the config says",
           .advice = "leave the format out to go by the config"});
    return named;
  }
  if (config.quantization.empty()) return dense_importer;
  const Importer& first = importer_of(config.quantization.front());
  for (const ConfigObject& other : config.quantization) {
    const Importer& row = importer_of(other);
    if (&row != &first)
      other.refuse(ErrorCode::ambiguous, "quant_method", std::string(row.name),
                   std::string(first.name) + ", as config.json says",
                   "name the format that is right");
  }
  return first;
}

}  // namespace halfbyte::checkpoint
