#include "halfbyte/workspace.h"

#include <cstdlib>
#include <string>

#include "halfbyte/error.h"

namespace halfbyte {

void Workspace::Free::operator()(std::byte* p) const { std::free(p); }

void Workspace::reserve(std::size_t bytes) {
  if (bytes <= size_) return;
  constexpr std::size_t alignment = 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  auto* memory =
      rounded < bytes ? nullptr : static_cast<std::byte*>(std::aligned_alloc(alignment, rounded));
  if (memory == nullptr) {
    throw Error(ErrorCode::oom, {.function = "Workspace::reserve",
                                 .argument = "bytes",
                                 .got = std::to_string(bytes),
                                 .wanted = "a size that the host can allocate"});
  }
  data_.reset(memory);
  size_ = rounded;
}

}  // namespace halfbyte
