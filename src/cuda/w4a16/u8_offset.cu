// 8-bit codes with real zeros or minima: the weight itself, rounded to x's type.
#include <array>

#include "cuda/format/u8.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {
namespace {

template <class Number, int octets>
using Of = Variant<Number, U8, 2, octets, 4, 2, XPath::gathered, Weights::rounded, 8>;

constexpr std::array instances{
    instance_of<Of<F16, 1>>(),
    instance_of<Of<F16, 2>>(),
    instance_of<Of<BF16, 1>>(),
    instance_of<Of<BF16, 2>>(),
};

}  // namespace

std::span<const Instance> u8_offset_instances() { return instances; }

}  // namespace halfbyte::cuda::w4a16
