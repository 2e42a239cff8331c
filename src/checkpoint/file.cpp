#include "checkpoint/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

[[noreturn]] void fail_io(const std::filesystem::path& path, std::string_view function,
                          std::string got, std::string wanted,
                          std::optional<std::uint64_t> offset = {}) {
  throw Error(ErrorCode::io, {.function = std::string(function),
                              .argument = "",
                              .got = std::move(got),
                              .wanted = std::move(wanted),
                              .path = path.string(),
                              .offset = offset});
}

std::string reason(int error_number) { return std::generic_category().message(error_number); }

}  // namespace

File File::open(const std::filesystem::path& path, std::string_view function) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::canonical(path, error);
  if (error) fail_io(path, function, error.message(), "a readable file");
  return open_canonical(canonical, path, function);
}

File File::open_canonical(const std::filesystem::path& path, std::filesystem::path shown_as,
                          std::string_view function) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer for ever.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) fail_io(shown_as, function, reason(errno), "a readable file");
  File file;
  file.fd_ = std::shared_ptr<const int>(new int(fd), [](const int* p) {
    ::close(*p);
    delete p;
  });
  file.path_ = std::move(shown_as);
  struct stat status{};
  if (::fstat(fd, &status) != 0) fail_io(file.path_, function, reason(errno), "a readable file");
  if (!S_ISREG(status.st_mode))
    fail_io(file.path_, function, S_ISDIR(status.st_mode) ? "a folder" : "no regular file",
            "a regular file");
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

File File::from_memory(std::span<const std::byte> bytes, std::filesystem::path shown_as) {
  File file;
  file.memory_ = bytes;
  file.size_ = bytes.size();
  file.path_ = std::move(shown_as);
  return file;
}

void File::read_at(std::uint64_t offset, std::span<std::byte> out,
                   std::string_view function) const {
  const auto fail_short = [&](std::uint64_t at) {
    throw Error(ErrorCode::truncated, {.function = std::string(function),
                                       .argument = "",
                                       .got = "the end of the file",
                                       .wanted = std::to_string(out.size()) + " bytes from byte " +
                                                 std::to_string(offset) + " on",
                                       .advice = "get the file again",
                                       .path = path_.string(),
                                       .offset = at});
  };
  if (offset > size_ || out.size() > size_ - offset) fail_short(size_);
  if (!fd_) {
    if (!out.empty()) std::memcpy(out.data(), memory_.data() + offset, out.size());
    return;
  }
  std::size_t done = 0;
  while (done < out.size()) {
    // Linux moves at most 2^31 - 4096 bytes at once.
    const std::size_t step = std::min<std::size_t>(out.size() - done, std::size_t{1} << 30);
    const ssize_t n = ::pread(*fd_, out.data() + done, step, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_io(path_, function, reason(errno), "a readable file", offset + done);
    if (n == 0) fail_short(offset + done);
    done += static_cast<std::size_t>(n);
  }
}

std::string File::read_text(std::uint64_t limit, std::string_view function) const {
  if (size_ > limit)
    throw Error(ErrorCode::format, {.function = std::string(function),
                                    .argument = "",
                                    .got = std::to_string(size_) + " bytes",
                                    .wanted = "at most " + std::to_string(limit),
                                    .path = path_.string(),
                                    .offset = {}});
  std::string text(size_, '\0');
  read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())), function);
  return text;
}

std::string describe_impostor(std::span<const std::byte> first_bytes) {
  const std::string_view text(reinterpret_cast<const char*>(first_bytes.data()),
                              first_bytes.size());
  if (text.starts_with("version https://git-lfs"))
    return " (a Git LFS pointer: fetch the file itself with git lfs pull)";
  if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06"))
    return " (a zip archive, as numpy.savez and torch.save write: convert it first)";
  if (text.starts_with("<!DOCTYPE") || text.starts_with("<html"))
    return " (a web page: the download went wrong)";
  return {};
}

std::string describe_impostor(const File& file, std::string_view function) {
  std::array<std::byte, 32> first{};
  const std::size_t n =
      static_cast<std::size_t>(std::min<std::uint64_t>(first.size(), file.size()));
  file.read_at(0, std::span(first).first(n), function);
  return describe_impostor(std::span<const std::byte>(first).first(n));
}

std::string escaped(std::string_view text) {
  constexpr std::size_t longest = 200;
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  if (text.size() > longest) out += "...";
  return out;
}

}  // namespace halfbyte::checkpoint
