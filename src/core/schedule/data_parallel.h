// Data-parallel: one worker a tile, which sums all of its k blocks. The baseline of arXiv
// 2402.00025.
#pragma once

#include "core/schedule/work.h"

namespace halfbyte::core {

template <class Int>
struct BasicDataParallel {
  BasicProblems<Int> problems;

  HB_HD constexpr Int workers() const { return problems.tiles(); }
  HB_HD constexpr Int items(Int) const { return 1; }
  HB_HD constexpr BasicWorkItem<Int> item(Int worker, Int) const {
    const BasicTileOwner<Int> owner = problems.owner(worker);
    return {.problem = owner.problem,
            .tile = worker,
            .local_tile = owner.local_tile,
            .k = {0, problems.extents[owner.problem].k_blocks, 1}};
  }
  HB_HD constexpr Int slices(Int) const { return 1; }
  HB_HD constexpr Int partial(Int, Int) const { return -1; }
  HB_HD constexpr Int partials() const { return 0; }
};

using DataParallel = BasicDataParallel<std::int64_t>;

}  // namespace halfbyte::core
