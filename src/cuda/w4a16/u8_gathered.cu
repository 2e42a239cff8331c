// 8-bit codes, integer zeros, any x: act-order, strides, unaligned memory.
#include <array>

#include "cuda/format/u8.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {
namespace {

template <class Number, int octets>
using Of = Variant<Number, U8, 2, octets, 4, 2, XPath::gathered, Weights::exact, 8>;

constexpr std::array instances{
    instance_of<Of<F16, 1>>(),
    instance_of<Of<F16, 2>>(),
    instance_of<Of<BF16, 1>>(),
    instance_of<Of<BF16, 2>>(),
};

}  // namespace

std::span<const Instance> u8_gathered_instances() { return instances; }

}  // namespace halfbyte::cuda::w4a16
