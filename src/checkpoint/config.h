// What a checkpoint's config says about its quantisation: config.json's "quantization_config",
// quantize_config.json or quant_config.json, read into one struct.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/paths.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {

// The same for every format.
struct QuantConfig {
  int bits = 0;
  std::int64_t group_size = 0;      // -1: one group per column
  std::optional<bool> symmetric;    // unset: the config does not say
  bool act_order = false;           // the config announces a g_idx
  std::vector<std::string> ignore;  // modules that the config says are not quantised
  bool convention_given = false;    // the caller named the format: the tensors need not agree
};

// A JSON object of a config with typed access. Where a value has had several names, all are asked
// for at once; two of them with different values are E_AMBIGUOUS. null counts as absent.
class ConfigObject {
 public:
  using Keys = std::initializer_list<std::string_view>;

  ConfigObject(nlohmann::json object, std::filesystem::path path, std::string where,
               std::string_view function);

  const nlohmann::json* find(Keys keys) const;
  std::optional<std::int64_t> integer(Keys keys) const;
  std::optional<bool> boolean(Keys keys) const;
  std::optional<std::string> text(Keys keys) const;
  std::optional<ConfigObject> object(Keys keys) const;
  std::vector<std::string> texts(Keys keys) const;  // an absent list is empty

  // Errors: E_FORMAT (absent), E_UNSUPPORTED (not one of 2, 3, 4, 8).
  int bits(Keys keys) const;
  // -1 or a multiple of 8. Errors: E_FORMAT (absent), E_RANGE.
  std::int64_t group_size(Keys keys) const;

  const nlohmann::json& raw() const { return object_; }
  [[noreturn]] void refuse(ErrorCode code, std::string_view key, std::string got,
                           std::string wanted, std::string advice = {}) const;

 private:
  nlohmann::json object_;
  std::filesystem::path path_;
  std::string where_;  // "quantization_config."
  std::string_view function_;
};

struct ModelConfig {
  std::string text;  // of config.json; empty if there is none
  // The objects that describe the quantisation, most authoritative first; none for a 16-bit model.
  // Each says its "quant_method", added where the file's name alone implies it.
  std::vector<ConfigObject> quantization;
};

// Errors: E_IO (none of the three files), E_FORMAT, E_PATH.
ModelConfig read_model_config(const Folder& folder, std::string_view function);
// The same from the text of a config.json.
ModelConfig parse_model_config(std::string text, const std::filesystem::path& path,
                               std::string_view function);

}  // namespace halfbyte::checkpoint
