#include "bench/json_file.h"

#include <fstream>
#include <sstream>

namespace halfbyte::bench {

void refuse_file(const std::filesystem::path& path, std::string_view function, ErrorCode code,
                 std::string got, std::string wanted) {
  throw Error(code, {.function = std::string(function),
                     .argument = "",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = "",
                     .path = path.string(),
                     .offset = {}});
}

Json read_json(const std::filesystem::path& path, std::string_view function,
               std::string_view wanted) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    refuse_file(path, function, ErrorCode::io, "no regular file that can be read",
                std::string(wanted));
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    refuse_file(path, function, ErrorCode::io, "an unreadable or empty file", std::string(wanted));
  }
  try {
    return Json::parse(text.str());
  } catch (const Json::exception& e) {
    refuse_file(path, function, ErrorCode::format, e.what(), std::string(wanted));
  }
}

}  // namespace halfbyte::bench
