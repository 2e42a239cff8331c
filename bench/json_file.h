// JSON files that the benchmarks read, and the errors about them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "halfbyte/error.h"

namespace halfbyte::bench {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse_file(const std::filesystem::path& path, std::string_view function,
                              ErrorCode code, std::string got, std::string wanted);

// Errors: E_IO (no regular file, unreadable, empty), E_FORMAT (no JSON), naming `function`.
Json read_json(const std::filesystem::path& path, std::string_view function,
               std::string_view wanted);

}  // namespace halfbyte::bench
