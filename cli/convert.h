// A tensor of a file in another type.
#pragma once

#include "halfbyte/checkpoint.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cli {

// Rounded once to `dtype`; what fits already is unchanged.
inline HostTensor convert(const HostTensor& from, DType dtype) {
  if (from.dtype == dtype) return from;
  std::int64_t count = 1;
  for (const std::int64_t extent : from.shape) count *= extent;
  HostTensor to{dtype, from.shape, {}};
  to.bytes.resize(static_cast<std::size_t>(count) * size_of(dtype));
  for (std::int64_t i = 0; i < count; ++i) {
    store_element(to.bytes.data(), dtype, i, load_element(from.bytes.data(), from.dtype, i));
  }
  return to;
}

}  // namespace halfbyte::cli
