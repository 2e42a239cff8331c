#include "quantize/output_folder.h"

#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "halfbyte/error.h"

namespace halfbyte::quantize_detail {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(ErrorCode code, std::string got, std::string wanted, std::string advice,
                       const fs::path& path) {
  throw Error(code, {.function = "quantize_checkpoint",
                     .argument = "to",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = path.string(),
                     .offset = {}});
}

// A run that was killed leaves the temporary of its shard, as large as the shard:
// ".halfbyte-<process id>-<digits>.tmp" (checkpoint/atomic_write.cpp).
bool is_dead_temporary(const std::string& name) {
  constexpr std::string_view prefix = ".halfbyte-";
  if (!name.starts_with(prefix) || !name.ends_with(".tmp")) return false;
  const int process = std::atoi(name.c_str() + prefix.size());
  return process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace

void check_output_folder(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  const fs::path real_from = fs::canonical(from, failed);
  const fs::path real_to = fs::weakly_canonical(to, failed);
  if (fs::equivalent(from, to, failed) || (!real_to.empty() && real_from == real_to)) {
    fail(ErrorCode::path, "the folder of the source", "another folder",
         "the source is never written to", to);
  }
  const fs::file_status status = fs::status(to, failed);
  if (fs::exists(status) && !fs::is_directory(status)) {
    fail(ErrorCode::path, "something that is no folder", "a new name or a folder", "", to);
  }
}

void check_free_space(const fs::path& to, std::uint64_t needed) {
  std::error_code failed;
  fs::path existing = fs::absolute(to, failed);
  while (!fs::exists(existing, failed) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  failed.clear();
  const fs::space_info space = fs::space(existing, failed);
  if (failed || needed <= space.available) return;  // unknown: the writing will tell
  fail(ErrorCode::no_space, std::to_string(space.available) + " bytes free",
       std::to_string(needed) + " bytes", "free some space or write to another disk", to);
}

void make_folder(const fs::path& to) {
  std::error_code failed;
  fs::create_directories(to, failed);
  if (failed) fail(ErrorCode::io, "cannot make this folder: " + failed.message(), "", "", to);
}

void clear_output_folder(const fs::path& to) {
  for (const char* name : {"config.json", "model.safetensors.index.json"}) {
    std::error_code failed;
    fs::remove(to / name, failed);
    if (failed) {
      fail(ErrorCode::io, "cannot remove this file: " + failed.message(), "", "", to / name);
    }
  }
  std::error_code failed;  // a temporary that stays is only a file that stays
  fs::directory_iterator it(to, failed);
  while (!failed && it != fs::directory_iterator()) {
    std::error_code ignored;
    const fs::path path = it->path();
    it.increment(failed);
    if (is_dead_temporary(path.filename().string())) fs::remove(path, ignored);
  }
}

}  // namespace halfbyte::quantize_detail
