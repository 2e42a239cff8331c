// How far a quantised weight is from the dense one.
#pragma once

#include "halfbyte/weight.h"

namespace halfbyte::quantize_detail {

// |W - W'| / |W| in float64, summed column by column so that it does not depend on the threads.
// 0 for a weight of zeros.
double relative_error(const TensorView& weight_nk, const QuantizedWeight& quantized);

}  // namespace halfbyte::quantize_detail
