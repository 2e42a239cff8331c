// Which files belong to a checkpoint's folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "checkpoint/file.h"

namespace halfbyte::checkpoint {

// A checkpoint's folder, by its canonical path.
class Folder {
 public:
  // Errors: E_IO (missing, unreadable, no folder).
  static Folder open(const std::filesystem::path& path, std::string_view function);

  const std::filesystem::path& shown_as() const { return shown_as_; }
  bool has(std::string_view name) const;  // a file, or a link to anything, of that name

  // Opens a file of the folder. The name comes from an index that somebody else wrote: it must be
  // relative, without "..", NUL or newline, and lead to a file inside the folder. A hub cache's
  // snapshots/<revision>/ may also link into the blobs/ folder beside snapshots/.
  // Errors: E_PATH, E_IO.
  File open_file(std::string_view name, std::string_view function) const;

 private:
  std::filesystem::path shown_as_;
  std::filesystem::path canonical_;
};

// Whether `name` may stand in an index: the rule above, on the text alone.
bool is_safe_name(std::string_view name);

}  // namespace halfbyte::checkpoint
