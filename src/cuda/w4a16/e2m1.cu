// MXFP4.
#include <array>

#include "cuda/format/e2m1.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {
namespace {

template <class Number, int octets>
using Of = Variant<Number, E2M1, 4, octets, 4, 2, XPath::copied, Weights::exact, 8>;

constexpr std::array instances{
    instance_of<Of<F16, 1>>(),
    instance_of<Of<F16, 2>>(),
    instance_of<Of<BF16, 1>>(),
    instance_of<Of<BF16, 2>>(),
};

}  // namespace

std::span<const Instance> e2m1_instances() { return instances; }

}  // namespace halfbyte::cuda::w4a16
