// What every backend's packed weight says of itself. `form` is the backend's own struct; only its
// own kernels, which `layout` names, look inside.
#pragma once

#include <memory>
#include <string_view>

#include "halfbyte/weight.h"

namespace halfbyte {

struct PackedWeight::Impl {
  std::string_view layout;
  Device device{};
  std::int64_t k = 0;
  std::int64_t n = 0;
  std::int64_t group_size = 0;
  int bits = 0;
  CodeMeaning meaning = CodeMeaning::affine;
  ZeroKind zero_kind = ZeroKind::symmetric;
  DType scale_dtype = DType::f16;
  std::size_t bytes = 0;
  std::shared_ptr<const void> form;
};

// The packed form of a weight: what it says of itself is the weight's.
PackedWeight packed_weight(const QuantizedWeight& weight, std::string_view layout, Device device,
                           std::size_t bytes, std::shared_ptr<const void> form);

}  // namespace halfbyte
