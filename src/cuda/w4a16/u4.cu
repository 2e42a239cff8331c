// Codes of up to 4 bits, integer zeros, x in rows of adjacent elements: the case that has to be
// fast.
#include <array>

#include "cuda/format/u4.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {
namespace {

// Group sizes of 64 and more.
template <class Number, int slabs, int octets, int stages, int warps>
using Wide = Variant<Number, U4, slabs, octets, stages, 1, XPath::copied, Weights::exact, warps>;
template <class Number, int slabs, int octets, int stages, int warps>
using Narrow = Variant<Number, U4, slabs, octets, stages, 2, XPath::copied, Weights::exact, warps>;

constexpr std::array instances{
    instance_of<Wide<F16, 4, 1, 4, 8>>(),    instance_of<Wide<F16, 4, 2, 4, 8>>(),
    instance_of<Wide<F16, 4, 4, 3, 8>>(),    instance_of<Wide<F16, 2, 1, 6, 16>>(),
    instance_of<Wide<F16, 2, 2, 4, 16>>(),   instance_of<Wide<F16, 1, 1, 6, 16>>(),
    instance_of<Wide<F16, 1, 2, 4, 16>>(),   instance_of<Wide<BF16, 4, 1, 4, 8>>(),
    instance_of<Wide<BF16, 4, 2, 4, 8>>(),   instance_of<Wide<BF16, 4, 4, 3, 8>>(),
    instance_of<Wide<BF16, 2, 1, 6, 16>>(),  instance_of<Wide<BF16, 2, 2, 4, 16>>(),
    instance_of<Wide<BF16, 1, 1, 6, 16>>(),  instance_of<Wide<BF16, 1, 2, 4, 16>>(),
    instance_of<Narrow<F16, 4, 1, 4, 8>>(),  instance_of<Narrow<F16, 4, 2, 4, 8>>(),
    instance_of<Narrow<BF16, 4, 1, 4, 8>>(), instance_of<Narrow<BF16, 4, 2, 4, 8>>(),
};

}  // namespace

std::span<const Instance> u4_instances() { return instances; }

}  // namespace halfbyte::cuda::w4a16
