#include "checkpoint/failing_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace halfbyte::test {
namespace {

std::atomic<Call> failing_call{Call::none};
std::atomic<int> calls_left{0};
std::atomic<int> failing_errno{0};
std::atomic<std::size_t> most_bytes{0};  // 0: no limit

bool fails(Call call) {
  if (failing_call != call || --calls_left != 0) return false;
  errno = failing_errno;
  return true;
}

}  // namespace

FailingCall::FailingCall(Call call, int nth, int error_number) {
  calls_left = nth;
  failing_errno = error_number;
  failing_call = call;
}
FailingCall::~FailingCall() { failing_call = Call::none; }

ShortWrites::ShortWrites(std::size_t most) { most_bytes = most; }
ShortWrites::~ShortWrites() { most_bytes = 0; }

}  // namespace halfbyte::test

using halfbyte::test::Call;

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  if (halfbyte::test::fails(Call::pwrite)) return -1;
  if (const std::size_t most = halfbyte::test::most_bytes) count = std::min(count, most);
  return ::syscall(SYS_pwrite64, fd, bytes, count, offset);
}

extern "C" int fsync(int fd) {
  if (halfbyte::test::fails(Call::fsync)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  if (halfbyte::test::fails(Call::rename)) return -1;
  return static_cast<int>(::syscall(SYS_renameat2, -100, from, -100, to, 0));  // -100: AT_FDCWD
}
