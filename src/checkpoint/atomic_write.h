// Writing a file so that its name holds the old content or the whole new content, whenever the
// process or the machine dies: a temporary in the same folder, fsync, rename, fsync of the folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace halfbyte::checkpoint {

class AtomicFile {
 public:
  // Creates the temporary. Errors: E_PATH (`target` exists and is no regular file: a link, a
  // folder, a device), E_NOSPACE, E_IO. `function` is named in errors.
  AtomicFile(std::filesystem::path target, std::string_view function);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  // removes the temporary unless committed

  void append(std::span<const std::byte> bytes);
  void append(std::string_view text);
  // Writes at a position of its own; holes read as zeros. Does not move the end for append().
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  // Makes the new content the file's content. Nothing may be written afterwards.
  void commit();

  const std::filesystem::path& target() const { return target_; }

 private:
  [[noreturn]] void fail(int error_number, std::string_view doing) const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::string function_;
  int fd_ = -1;
  int slot_ = -1;
  std::uint64_t end_ = 0;
};

void write_file_atomically(const std::filesystem::path& target, std::string_view content,
                           std::string_view function);

// Removes every temporary of this process that is not committed yet. Async-signal-safe: for the
// handler of SIGINT and SIGTERM, which exits right after.
void remove_temporaries() noexcept;

}  // namespace halfbyte::checkpoint
