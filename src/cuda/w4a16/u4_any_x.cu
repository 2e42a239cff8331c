// Codes of up to 4 bits, any x: act-order, strides, unaligned memory; and with real zeros or
// minima, where the weight itself is made and rounded to x's type.
#include "cuda/format/u4.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {

std::span<const Instance> u4_gathered_instances() {
  return small_list<U4, 4, XPath::gathered, Weights::exact>;
}
std::span<const Instance> u4_offset_instances() {
  return small_list<U4, 2, XPath::gathered, Weights::rounded>;
}

}  // namespace halfbyte::cuda::w4a16
