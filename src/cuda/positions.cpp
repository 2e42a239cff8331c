// Where the rows of W lie along k: groups one after the other, each from a multiple of 32.
#include <algorithm>
#include <bit>

#include "cuda/slab16.h"

namespace halfbyte::cuda {
namespace {

using core::slab16::segment_k;

std::int64_t padded(std::int64_t rows) { return (rows + segment_k - 1) / segment_k * segment_k; }

}  // namespace

Positions place_rows(const QuantizedWeight& w) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(w.groups), 0);
  bool in_order = true;
  for (std::int64_t row = 0, before = 0; row < w.k; ++row) {
    const std::int64_t group = w.group_of(row);
    ++counts[static_cast<std::size_t>(group)];
    in_order = in_order && group >= before;
    before = group;
  }
  std::vector<std::int64_t> start;
  std::int64_t end = 0;  // of the positions so far
  bool aligned = true;   // every group but the last one fills its positions
  bool last_filled = true;
  int shift = 40;  // one row of scales for all of k, unless a group starts on the way
  for (const std::int64_t count : counts) {
    start.push_back(end);
    if (count == 0) continue;
    aligned = aligned && last_filled;
    last_filled = count % segment_k == 0;
    if (end > 0) {
      shift = std::min(shift, std::countr_zero(static_cast<std::uint64_t>(end / segment_k)));
    }
    end += padded(count);
  }

  Positions at;
  at.k_blocks = core::slab16::blocks(end);
  at.scale_shift = shift;
  const std::int64_t positions = at.k_blocks * core::slab16::block_k;
  const std::int64_t rows = positions == 0 ? 0 : core::slab16::scale_row(positions - 1, shift) + 1;
  at.group.assign(static_cast<std::size_t>(rows), -1);
  for (std::size_t g = 0; g < counts.size(); ++g) {
    for (std::int64_t p = start[g]; p < start[g] + padded(counts[g]); p += segment_k) {
      at.group[static_cast<std::size_t>(core::slab16::scale_row(p, shift))] =
          static_cast<std::int32_t>(g);
    }
  }
  if (in_order && aligned) return at;
  at.source.assign(static_cast<std::size_t>(positions), -1);
  at.position.resize(static_cast<std::size_t>(w.k));
  for (std::int64_t row = 0; row < w.k; ++row) {
    const std::int64_t p = start[static_cast<std::size_t>(w.group_of(row))]++;
    at.source[static_cast<std::size_t>(p)] = static_cast<std::int32_t>(row);
    at.position[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(p);
  }
  return at;
}

}  // namespace halfbyte::cuda
