// A file that is only read, by position. Never mapped: a mapped file that shrinks kills the
// process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace halfbyte::checkpoint {

class File {
 public:
  // A path the caller named: links are followed. Errors: E_IO (missing, unreadable, no regular
  // file).
  static File open(const std::filesystem::path& path, std::string_view function);
  // A canonical path: the last component is not followed if it has become a link meanwhile.
  static File open_canonical(const std::filesystem::path& path, std::filesystem::path shown_as,
                             std::string_view function);
  // The same interface over a buffer, which the caller keeps alive.
  static File from_memory(std::span<const std::byte> bytes, std::filesystem::path shown_as);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // when it was opened

  // Fills `out` from `offset`. Errors: E_TRUNCATED (the file has become shorter), E_IO.
  void read_at(std::uint64_t offset, std::span<std::byte> out, std::string_view function) const;
  // The whole file. Error: E_FORMAT if it has more than `limit` bytes.
  std::string read_text(std::uint64_t limit, std::string_view function) const;

 private:
  File() = default;
  std::filesystem::path path_;
  std::uint64_t size_ = 0;
  std::shared_ptr<const int> fd_;  // closes; null for memory
  std::span<const std::byte> memory_;
};

// What a file really is when its first bytes are not what its name promises: " (a Git LFS pointer:
// ...)", " (a zip archive ...)", or an empty string.
std::string describe_impostor(std::span<const std::byte> first_bytes);
std::string describe_impostor(const File& file, std::string_view function);

// Text that came out of a file, made safe to print: control characters, quotes and bytes that are
// not UTF-8 escaped, long text cut.
std::string escaped(std::string_view text);

}  // namespace halfbyte::checkpoint
