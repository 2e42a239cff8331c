// Codes of up to 4 bits, integer zeros, x in rows of adjacent elements: the case that has to be
// fast.
#include "cuda/format/u4.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {
namespace {

template <class Number, int slabs, int octets, int stages, int segments, int warps>
constexpr Instance of = instance_of<
    Variant<Number, U4, slabs, octets, stages, segments, XPath::copied, Weights::exact, warps>>();

template <class Number>
constexpr std::array list{
    // Group sizes of 64 and more.
    of<Number, 8, 1, 4, 1, 8>,
    of<Number, 8, 2, 4, 1, 8>,
    of<Number, 4, 1, 4, 1, 16>,
    of<Number, 4, 2, 3, 1, 12>,
    of<Number, 4, 4, 3, 1, 8>,
    of<Number, 2, 1, 6, 1, 16>,
    of<Number, 2, 2, 4, 1, 16>,
    of<Number, 1, 1, 6, 1, 16>,
    of<Number, 1, 2, 4, 1, 16>,
    // Smaller ones.
    of<Number, 4, 1, 4, 2, 8>,
    of<Number, 4, 2, 3, 2, 8>,
};
constexpr auto instances = joined(list<F16>, list<BF16>);

}  // namespace

std::span<const Instance> u4_instances() { return instances; }

}  // namespace halfbyte::cuda::w4a16
