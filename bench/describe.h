// What a row says before anything is measured.
#pragma once

#include <vector>

#include "bench/rows.h"
#include "halfbyte/linear.h"
#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte::bench {

// The row of a plan that was made for x and the first of `rotation`, packed forms of `weight`.
BenchRow describe(Schedule requested, const LinearPlan& plan, const TensorView& x,
                  const std::vector<PackedWeight>& rotation, const QuantizedWeight& weight);

}  // namespace halfbyte::bench
