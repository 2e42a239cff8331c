// Heads of 8 ... 256 elements in a warp's registers, for kernels that turn pairs within a head.
//
// A head is chunks of 8 elements, one 16-byte vector each. It takes a power of two of neighbouring
// lanes; with two slots a lane holds a chunk of each half of the head, so that elements that are
// half a head apart, which rotations pair, meet in one lane:
//
//   one slot, 96:    lanes 0 ... 11   chunk = lane        (lanes 12 ... 15 hold nothing)
//   two slots, 128:  lanes 0 ... 7    chunk = lane | 8 + lane
//
// Bits of an element's index: 0 ... 2 within a chunk, then the lane's, with two slots last the
// slot. A transform of 2^p takes the lowest p of them.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core::hadamard {

inline constexpr int chunk_elements = 8;
inline constexpr int largest_head = 32 * chunk_elements;

// log2 of the lanes of a head.
HB_HD constexpr int log2_lanes_of(int head_dim, int slots) {
  int log2 = 0;
  while ((slots * chunk_elements << log2) < head_dim) ++log2;
  return log2;
}

// The chunk in a slot of a lane of the head; -1: none.
HB_HD constexpr int chunk_of(int head_dim, int slots, int lane_of_head, int slot) {
  const int chunks = head_dim / chunk_elements / slots;  // of a slot
  return lane_of_head < chunks ? slot * chunks + lane_of_head : -1;
}

// Two slots: heads of 2^p from 16 on.
HB_HD constexpr bool takes_two_slots(std::int64_t head_dim) {
  return head_dim >= 2 * chunk_elements && head_dim <= largest_head &&
         (head_dim & (head_dim - 1)) == 0;
}

// An item is what a warp does: `steps` times as many heads of one token as it holds at once.
// A token's items follow each other.
struct HeadItems {
  std::int64_t tokens = 0;
  int heads = 0;         // of a token
  int log2_at_once = 0;  // heads that a warp holds
  int steps = 1;         // of an item
  int per_token = 1;     // items

  HB_HD constexpr std::int64_t count() const { return tokens * per_token; }
  HB_HD constexpr int first_head(int item_of_token) const {
    return item_of_token * (steps << log2_at_once);
  }
};

// As few steps an item as give `wanted` items, and no fewer than the token's share of them.
constexpr HeadItems head_items(std::int64_t tokens, int heads, int log2_at_once,
                               std::int64_t wanted) {
  HeadItems items{tokens, heads, log2_at_once, 1, 1};
  const int of_token = ((heads - 1) >> log2_at_once) + 1;  // steps
  const std::int64_t most = tokens * of_token / (wanted < 1 ? 1 : wanted);
  const int steps = most < 1 ? 1 : most < of_token ? static_cast<int>(most) : of_token;
  items.per_token = (of_token + steps - 1) / steps;
  items.steps = (of_token + items.per_token - 1) / items.per_token;  // an even share
  return items;
}

}  // namespace halfbyte::core::hadamard
