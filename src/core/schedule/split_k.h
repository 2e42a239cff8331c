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
HB_HD constexpr KBlocks slice_blocks(std::int64_t k_blocks, std::int64_t slice, std::int64_t slices,
                                     SliceOrder order) {
  const std::int64_t base = k_blocks / slices;
  const std::int64_t longer = k_blocks % slices;  // the first `longer` slices have one block more
  const std::int64_t count = base + (slice < longer ? 1 : 0);
  if (order == SliceOrder::interleaved) return {slice, count, slices};
  return {slice * base + smaller(slice, longer), count, 1};
}

struct SplitK {
  Problems problems;
  std::int64_t split = 1;
  SliceOrder order = SliceOrder::interleaved;

  // Slices that have a k block (one, when a problem has none at all).
  HB_HD constexpr std::int64_t slices_of_problem(std::int64_t p) const {
    return larger(1, smaller(split, problems.extents[p].k_blocks));
  }
  HB_HD constexpr std::int64_t workers() const {
    std::int64_t sum = 0;
    for (std::int64_t p = 0; p < problems.count; ++p) {
      sum += problems.extents[p].tiles * slices_of_problem(p);
    }
    return sum;
  }
  HB_HD constexpr std::int64_t items(std::int64_t) const { return 1; }
  HB_HD constexpr WorkItem item(std::int64_t worker, std::int64_t) const {
    std::int64_t p = 0;
    std::int64_t first_tile = 0;
    std::int64_t in_problem = worker;
    for (; p + 1 < problems.count; ++p) {
      const std::int64_t here = problems.extents[p].tiles * slices_of_problem(p);
      if (in_problem < here) break;
      in_problem -= here;
      first_tile += problems.extents[p].tiles;
    }
    const std::int64_t slices = slices_of_problem(p);
    const std::int64_t local_tile = in_problem / slices;
    const std::int64_t slice = in_problem % slices;
    return {.problem = p,
            .tile = first_tile + local_tile,
            .local_tile = local_tile,
            .k = slice_blocks(problems.extents[p].k_blocks, slice, slices, order),
            .slice = slice,
            .slices = slices,
            .partial = slices > 1 ? worker : -1};
  }
  HB_HD constexpr std::int64_t slices(std::int64_t tile) const {
    return slices_of_problem(problems.owner(tile).problem);
  }
  HB_HD constexpr std::int64_t partial(std::int64_t tile, std::int64_t slice) const {
    const TileOwner owner = problems.owner(tile);
    std::int64_t before = 0;
    for (std::int64_t p = 0; p < owner.problem; ++p) {
      before += problems.extents[p].tiles * slices_of_problem(p);
    }
    const std::int64_t slices = slices_of_problem(owner.problem);
    return slices > 1 ? before + owner.local_tile * slices + slice : -1;
  }
  HB_HD constexpr std::int64_t partials() const {
    for (std::int64_t p = 0; p < problems.count; ++p) {
      if (problems.extents[p].tiles > 0 && slices_of_problem(p) > 1) return workers();
    }
    return 0;
  }
};

}  // namespace halfbyte::core
