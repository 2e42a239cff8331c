// Data-parallel: one worker a tile, which sums all of its k blocks. The baseline of arXiv
// 2402.00025.
#pragma once

#include "core/schedule/work.h"

namespace halfbyte::core {

struct DataParallel {
  Problems problems;

  HB_HD constexpr std::int64_t workers() const { return problems.tiles(); }
  HB_HD constexpr std::int64_t items(std::int64_t) const { return 1; }
  HB_HD constexpr WorkItem item(std::int64_t worker, std::int64_t) const {
    const TileOwner owner = problems.owner(worker);
    return {.problem = owner.problem,
            .tile = worker,
            .local_tile = owner.local_tile,
            .k = {0, problems.extents[owner.problem].k_blocks, 1}};
  }
  HB_HD constexpr std::int64_t slices(std::int64_t) const { return 1; }
  HB_HD constexpr std::int64_t partial(std::int64_t, std::int64_t) const { return -1; }
  HB_HD constexpr std::int64_t partials() const { return 0; }
};

}  // namespace halfbyte::core
