// expect: QuantizedWeight
#include "halfbyte/linear.h"

// The canonical form has to be packed first: no silent packing within a call.
void misuse(const halfbyte::QuantizedWeight& w, const halfbyte::TensorView& x) {
  halfbyte::linear(x, w, x);
}
