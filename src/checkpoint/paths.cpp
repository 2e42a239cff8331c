#include "checkpoint/paths.h"

#include <algorithm>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(ErrorCode code, std::string_view function, const fs::path& path,
                         std::string_view name, std::string got, std::string wanted,
                         std::string advice = {}) {
  throw Error(code, {.function = std::string(function),
                     .argument = name.empty() ? "" : "file \"" + escaped(name) + "\"",
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice),
                     .path = path.string(),
                     .offset = {}});
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end() && in_path != path.end();
}

// blobs/ of the hub cache that `folder` is a snapshot of; empty if it is none.
fs::path blobs_of(const fs::path& folder) {
  if (folder.parent_path().filename() != "snapshots") return {};
  return folder.parent_path().parent_path() / "blobs";
}

}  // namespace

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > 1024) return false;
  const auto forbidden = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == ':';
  };
  if (std::any_of(name.begin(), name.end(), forbidden)) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..")
      return false;  // an empty first part is the root
    begin = end + 1;
  }
  return true;
}

Folder Folder::open(const fs::path& path, std::string_view function) {
  std::error_code error;
  Folder folder;
  folder.shown_as_ = path;
  folder.canonical_ = fs::canonical(path, error);
  if (error) refuse(ErrorCode::io, function, path, "", error.message(), "a checkpoint's folder");
  if (!fs::is_directory(folder.canonical_, error))
    refuse(ErrorCode::io, function, path, "", "no folder", "a checkpoint's folder",
           "pass the folder that holds config.json");
  return folder;
}

bool Folder::has(std::string_view name) const {
  std::error_code ignored;
  const fs::file_status status = fs::symlink_status(canonical_ / name, ignored);
  return fs::exists(status);
}

File Folder::open_file(std::string_view name, std::string_view function) const {
  const fs::path shown = shown_as_ / name;
  if (!is_safe_name(name))
    refuse(ErrorCode::path, function, shown_as_, name, "a name that may lead out of the folder",
           "a relative name without \"..\", root, drive or control character");
  std::error_code error;
  const fs::path target = fs::canonical(canonical_ / name, error);
  if (error) refuse(ErrorCode::io, function, shown, "", error.message(), "a readable file");
  const fs::path blobs = blobs_of(canonical_);
  if (!is_inside(target, canonical_) && (blobs.empty() || !is_inside(target, blobs)))
    refuse(ErrorCode::path, function, shown, "", "a link that leaves the folder",
           "a file inside the checkpoint's folder", "copy the file into the folder");
  return File::open_canonical(target, shown, function);
}

}  // namespace halfbyte::checkpoint
