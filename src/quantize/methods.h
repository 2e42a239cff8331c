// The table of quantisation methods. A method is one file with a `run`, and one row in methods.cpp.
//
// quantize() checks its arguments, decides which row of W is in which group, and hands both to the
// method, which fills in codes, scales and zeros. A method that needs more than the weight itself
// (Hessians, a second level of scales) gets it as a further member of MethodInput.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "halfbyte/quantize.h"

namespace halfbyte::quantize_detail {

struct MethodInput {
  TensorView weight_nk;  // (n, k), any strides, all finite
  const QuantizeOptions& options;
  // order[p] is the row of W (k, n) that is p-th in the order of the groups: group p / group_size.
  std::span<const std::int64_t> order;
};

struct Method {
  std::string_view name;
  // `out` comes with its shape, bits, groups, g_idx and kinds set and its arrays zeroed.
  void (*run)(const MethodInput& input, QuantizedWeight& out);
};

std::span<const Method> methods();

void run_rtn(const MethodInput& input, QuantizedWeight& out);

}  // namespace halfbyte::quantize_detail
