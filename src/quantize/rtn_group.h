// Round to nearest in one group: which scale and zero, and which codes.
//
// A group of weights w is stored as w' = (q - z) s with codes q in 0 ... 2^bits - 1. Given s and z,
// the nearest code is the best one; what is left to choose is how much of the range to clip:
//
//   symmetric   z = 2^(bits-1), s = absmax / c. With 4 bits w'/s is one of -8 ... 7, so c = 7 clips
//               nothing, c = 7.5 is what min-max quantisers do, and c > 8 clips. A negative s turns
//               the range into -7 ... 8: it is taken where the one large weight of a group is
//               positive and the error is strictly smaller.
//   asymmetric  s = (max - min) / c and z = round(-min / s) or a neighbour of it, where min and max
//               include 0, as z is an integer code and 0 is always representable.
//
// The search tries every integer c below the full range (weights that are themselves multiples of
// some s come out exactly) and a grid of clipping ratios above it, and then moves the best scale to
// the least-squares scale of its codes while that lowers the error. Codes are always chosen with
// the scale as it is stored, rounded to `scale_dtype`.
#pragma once

#include <cstdint>
#include <span>

#include "halfbyte/tensor.h"

namespace halfbyte::quantize_detail {

struct GroupRule {
  int bits = 4;
  bool symmetric = true;
  bool search_clip = true;
  DType scale_dtype = DType::f16;
};

struct GroupFit {
  bool representable = true;  // false: the min-max scale is beyond the range of scale_dtype
  double scale = 1;           // a value of scale_dtype; 1 for a group that is all zeros
  int zero = 0;
};

// `scratch` holds at least padded_size(weights.size()) floats.
GroupFit fit_group(std::span<const float> weights, const GroupRule& rule, std::span<float> scratch);

// The nearest codes under a fit.
void assign_codes(std::span<const float> weights, const GroupFit& fit, int bits,
                  std::span<std::uint8_t> codes);

std::size_t padded_size(std::size_t weights);

}  // namespace halfbyte::quantize_detail
