// Strict JSON from files that somebody else wrote: UTF-8, no duplicate keys, bounded depth and
// size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace halfbyte::checkpoint {

// Generous for every header and config seen, small enough that time and memory stay bounded.
struct JsonLimits {
  std::size_t depth = 32;
  std::size_t keys = 2'000'000;
  std::size_t values = 8'000'000;
};

// Where a text came from, for errors.
struct JsonSource {
  std::filesystem::path path;
  std::uint64_t offset = 0;  // of the text in the file
  std::string_view function;
};

// Errors: E_FORMAT at the offending byte.
nlohmann::json parse_json(std::string_view text, const JsonSource& source,
                          const JsonLimits& limits = {});

// The file offset just behind a key of the outermost object: where an error about it points to.
std::uint64_t locate_key(std::string_view text, std::string_view key, const JsonSource& source);

// A value as an integer in 0 ... 2^63-1; nothing for any other value.
std::optional<std::uint64_t> as_count(const nlohmann::json& value);

}  // namespace halfbyte::checkpoint
