// MXFP4; and with any x: strides, unaligned memory.
#include "cuda/format/e2m1.cuh"

#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {

std::span<const Instance> e2m1_instances() {
  return small_list<E2M1, 4, XPath::copied, Weights::exact>;
}
std::span<const Instance> e2m1_gathered_instances() {
  return small_list<E2M1, 4, XPath::gathered, Weights::exact>;
}

}  // namespace halfbyte::cuda::w4a16
