// Workspace: scratch memory on the host for linear(), 64-byte aligned, contents unspecified.
#pragma once

#include <cstddef>
#include <memory>

namespace halfbyte {

class Workspace {
 public:
  Workspace() = default;
  explicit Workspace(std::size_t bytes) { reserve(bytes); }
  // Grows to at least `bytes`; never shrinks. Throws E_OOM.
  void reserve(std::size_t bytes);
  void* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace halfbyte
