// System calls of this program that fail when a test says so. The program's own pwrite, fsync and
// rename stand in front of the C library's.
#pragma once

#include <cstddef>

namespace halfbyte::test {

enum class Call { none, pwrite, fsync, rename };

// The nth call from now on fails with this errno.
class FailingCall {
 public:
  FailingCall(Call call, int nth, int error_number);
  ~FailingCall();
};

// pwrite writes at most so many bytes.
class ShortWrites {
 public:
  explicit ShortWrites(std::size_t most);
  ~ShortWrites();
};

}  // namespace halfbyte::test
