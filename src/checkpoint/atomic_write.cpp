#include "checkpoint/atomic_write.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

// The temporaries that exist, in memory that a signal handler may read. A file beyond the last slot
// is written all the same; only a signal would leave it behind.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<bool> live{false};
  std::array<char, PATH_MAX> path{};
};
std::array<Slot, 16> slots;
static_assert(std::atomic<bool>::is_always_lock_free);

int take_slot(const std::string& path) {
  if (path.size() >= PATH_MAX) return -1;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].taken.exchange(true)) continue;
    std::memcpy(slots[i].path.data(), path.c_str(), path.size() + 1);
    slots[i].live.store(true, std::memory_order_release);
    return static_cast<int>(i);
  }
  return -1;
}

void free_slot(int slot) {
  if (slot < 0) return;
  slots[static_cast<std::size_t>(slot)].live.store(false, std::memory_order_release);
  slots[static_cast<std::size_t>(slot)].taken.store(false);
}

// Absolute, so that a later chdir cannot make a signal handler unlink another file.
std::filesystem::path folder_of(const std::filesystem::path& target) {
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(target, ignored);
  return absolute.empty() ? target.parent_path() : absolute.parent_path();
}

// Random, so that processes that share a folder but not their process ids keep apart too.
std::string temporary_name() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) random = 0;  // O_EXCL still guards
  char name[64];
  std::snprintf(name, sizeof name, ".halfbyte-%d-%016llx.tmp", static_cast<int>(::getpid()),
                static_cast<unsigned long long>(random));
  return name;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target, std::string_view function)
    : target_(std::move(target)), function_(function) {
  struct stat status{};
  if (::lstat(target_.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw Error(ErrorCode::path,
                {.function = function_,
                 .argument = "",
                 .got = S_ISLNK(status.st_mode)   ? "a symbolic link"
                        : S_ISDIR(status.st_mode) ? "a folder"
                                                  : "something that is no regular file",
                 .wanted = "a new name or a regular file to replace",
                 .advice = "choose another name for the output",
                 .path = target_.string(),
                 .offset = {}});
  if (!target_.has_filename()) fail(EISDIR, "create");
  temporary_ = folder_of(target_) / temporary_name();
  // Known to remove_temporaries() before it exists, so that no signal falls between the two.
  slot_ = take_slot(temporary_.string());
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0) {
    const int reason = errno;
    free_slot(std::exchange(slot_, -1));  // a constructor that throws runs no destructor
    fail(reason, "create a file beside");
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) {
    ::close(fd_);
    ::unlink(temporary_.c_str());
  }
  free_slot(slot_);
}

void AtomicFile::append(std::span<const std::byte> bytes) {
  write_at(end_, bytes);
  end_ += bytes.size();
}

void AtomicFile::append(std::string_view text) { append(std::as_bytes(std::span(text))); }

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t step = std::min<std::size_t>(bytes.size(), std::size_t{1} << 30);
    const ssize_t n = ::pwrite(fd_, bytes.data(), step, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno, "write");
    if (n == 0) fail(ENOSPC, "write");
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) fail(errno, "flush");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno, "rename to");
  free_slot(std::exchange(slot_, -1));
  const int closed = ::close(std::exchange(fd_, -1));
  // The name is new; the folder must reach the disk too. Some file systems cannot flush a folder
  // (EINVAL), which is no reason to call the file lost.
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail(errno, "flush the folder of");
  const int flushed = ::fsync(folder) == 0 || errno == EINVAL ? 0 : errno;
  ::close(folder);
  if (flushed != 0) fail(flushed, "flush the folder of");
  if (closed != 0) fail(EIO, "close");
}

void AtomicFile::fail(int error_number, std::string_view doing) const {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  throw Error(full ? ErrorCode::no_space : ErrorCode::io,
              {.function = function_,
               .argument = "",
               .got = "cannot " + std::string(doing) +
                      " this file: " + std::generic_category().message(error_number),
               .wanted = "",
               .advice = full ? "free some space" : "",
               .path = target_.string(),
               .offset = {}});
}

void write_file_atomically(const std::filesystem::path& target, std::string_view content,
                           std::string_view function) {
  AtomicFile file(target, function);
  file.append(content);
  file.commit();
}

void remove_temporaries() noexcept {
  for (Slot& slot : slots)
    if (slot.live.load(std::memory_order_acquire)) ::unlink(slot.path.data());
}

}  // namespace halfbyte::checkpoint
