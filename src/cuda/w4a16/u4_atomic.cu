// As u4.cu, with partial sums that are added atomically in any order, as published: in kernels of
// their own, so that those of the default schedules have no float atomic at all.
#include "cuda/format/u4.cuh"
#include "cuda/w4a16/instance_of.cuh"

namespace halfbyte::cuda::w4a16 {
namespace {

template <class Number, int slabs, int octets, int stages, int segments, int warps>
constexpr Instance of =
    instance_of<Variant<Number, U4, slabs, octets, stages, segments, XPath::copied, Weights::exact,
                        warps, Meeting::atomic>>();

template <class Number>
constexpr std::array list{
    of<Number, 4, 1, 4, 1, 8>,  of<Number, 4, 2, 3, 1, 12>, of<Number, 2, 1, 6, 1, 16>,
    of<Number, 2, 2, 4, 1, 16>, of<Number, 1, 1, 6, 1, 16>, of<Number, 1, 2, 4, 1, 16>,
    of<Number, 4, 1, 4, 2, 8>,  of<Number, 4, 2, 4, 2, 8>,
};
constexpr auto instances = joined(list<F16>, list<BF16>);

}  // namespace

std::span<const Instance> u4_atomic_instances() { return instances; }

}  // namespace halfbyte::cuda::w4a16
