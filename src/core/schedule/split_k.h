// Split-K (arXiv 2402.00025, section 3): `split` workers a tile.
//
// Interleaved, as published: slice s takes the k blocks s, s + split, ... so that the workers of a
// tile walk through x side by side. Contiguous: slice s takes one run of blocks. A split larger
// than the k blocks leaves slices empty; those get no worker.
#pragma once

#include "core/schedule/work.h"

namespace halfbyte::core {

enum class SliceOrder : std::uint8_t { interleaved, contiguous };

// The k blocks of slice `slice` of `slices`.
template <class Int>
HB_HD constexpr BasicKBlocks<Int> slice_blocks(Int k_blocks, Int slice, Int slices,
                                               SliceOrder order) {
  const Int base = quotient(k_blocks, slices);
  const Int longer = remainder(k_blocks, slices);  // the first `longer` slices have one block more
  const Int count = base + (slice < longer ? 1 : 0);
  if (order == SliceOrder::interleaved) return {slice, count, slices};
  return {slice * base + smaller(slice, longer), count, 1};
}

template <class Int>
struct BasicSplitK {
  BasicProblems<Int> problems;
  Int split = 1;
  SliceOrder order = SliceOrder::interleaved;

  // Slices that have a k block (one, when a problem has none at all).
  HB_HD constexpr Int slices_of_problem(Int p) const {
    return larger(Int{1}, smaller(split, problems.extents[p].k_blocks));
  }
  HB_HD constexpr Int workers() const {
    Int sum = 0;
    for (Int p = 0; p < problems.count; ++p) {
      sum += problems.extents[p].tiles * slices_of_problem(p);
    }
    return sum;
  }
  HB_HD constexpr Int items(Int) const { return 1; }
  HB_HD constexpr BasicWorkItem<Int> item(Int worker, Int) const {
    Int p = 0;
    Int first_tile = 0;
    Int in_problem = worker;
    for (; p + 1 < problems.count; ++p) {
      const Int here = problems.extents[p].tiles * slices_of_problem(p);
      if (in_problem < here) break;
      in_problem -= here;
      first_tile += problems.extents[p].tiles;
    }
    const Int slices = slices_of_problem(p);
    const Int local_tile = quotient(in_problem, slices);
    const Int slice = remainder(in_problem, slices);
    return {.problem = p,
            .tile = first_tile + local_tile,
            .local_tile = local_tile,
            .k = slice_blocks(problems.extents[p].k_blocks, slice, slices, order),
            .slice = slice,
            .slices = slices,
            .partial = slices > 1 ? worker : -1};
  }
  HB_HD constexpr Int slices(Int tile) const {
    return slices_of_problem(problems.owner(tile).problem);
  }
  HB_HD constexpr Int partial(Int tile, Int slice) const {
    const BasicTileOwner<Int> owner = problems.owner(tile);
    Int before = 0;
    for (Int p = 0; p < owner.problem; ++p) {
      before += problems.extents[p].tiles * slices_of_problem(p);
    }
    const Int slices = slices_of_problem(owner.problem);
    return slices > 1 ? before + owner.local_tile * slices + slice : -1;
  }
  HB_HD constexpr Int partials() const {
    for (Int p = 0; p < problems.count; ++p) {
      if (problems.extents[p].tiles > 0 && slices_of_problem(p) > 1) return workers();
    }
    return 0;
  }
};

using SplitK = BasicSplitK<std::int64_t>;

}  // namespace halfbyte::core
