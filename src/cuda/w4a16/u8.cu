// 8-bit codes: integer zeros; the same with any x (act-order, strides, unaligned memory); real
// zeros or minima, where the weight itself is made and rounded to x's type.
#include "cuda/format/u8.cuh"

#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {

std::span<const Instance> u8_instances() {
  return small_list<U8, 2, XPath::copied, Weights::exact>;
}
std::span<const Instance> u8_gathered_instances() {
  return small_list<U8, 2, XPath::gathered, Weights::exact>;
}
std::span<const Instance> u8_offset_instances() {
  return small_list<U8, 2, XPath::gathered, Weights::rounded>;
}

}  // namespace halfbyte::cuda::w4a16
