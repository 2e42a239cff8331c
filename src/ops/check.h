// Checks of tensor arguments, shared by the public functions. Each throws the typed error of
// halfbyte/error.h, before anything is written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "halfbyte/error.h"
#include "halfbyte/tensor.h"

namespace halfbyte {

struct ArgumentCheck {
  std::string_view function;
  std::string_view argument;

  [[noreturn]] void fail(ErrorCode code, std::string got, std::string wanted,
                         std::string advice = {}) const;
  void rank(const TensorView& t, int wanted) const;
  void dtype(const TensorView& t, std::span<const DType> accepted) const;
  void extent(const TensorView& t, int axis, std::string_view name, std::int64_t wanted) const;
  void device(const TensorView& t, Device wanted) const;
  // Not null where there are elements, and aligned to an element.
  void pointer(const TensorView& t) const;
  // Positive strides under which no two elements share memory.
  void distinct_elements(const TensorView& t) const;
};

// The bytes that a view touches: [begin, end), empty without elements.
struct MemoryRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool overlaps(const MemoryRange& other) const { return begin < other.end && other.begin < end; }
};
MemoryRange memory_of(const TensorView& t);

std::string to_string(Device device);

}  // namespace halfbyte
