// Host memory for DeviceMemory.
#include <cstdlib>
#include <cstring>
#include <string>

#include "cpu/backend.h"
#include "halfbyte/error.h"

namespace halfbyte::cpu {
namespace {

constexpr std::size_t alignment = 256;  // cudaMalloc's, so that a caller meets one promise

void* allocate(int, std::size_t bytes) {
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
  if (memory != nullptr) return memory;
  throw Error(ErrorCode::oom, {.function = "DeviceMemory",
                               .argument = "bytes",
                               .got = std::to_string(bytes),
                               .wanted = "a size that the host can allocate"});
}

}  // namespace

const MemoryCalls& memory_calls() {
  static constexpr MemoryCalls calls{
      allocate,
      [](int, void* p) noexcept { std::free(p); },
      [](int, void* to, const void* from, std::size_t bytes) { std::memmove(to, from, bytes); },
      [](int) {},
  };
  return calls;
}

}  // namespace halfbyte::cpu
