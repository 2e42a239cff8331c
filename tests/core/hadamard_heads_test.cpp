// Every element of every head belongs to one lane and slot, elements half a head apart to one lane,
// and every head to one item.
#include <gtest/gtest.h>

#include <vector>

#include "core/hadamard/heads.h"

namespace halfbyte::core::hadamard {
namespace {

TEST(HadamardHeads, LanesHoldEveryChunkOnce) {
  for (int head_dim = 8; head_dim <= largest_head; head_dim += 8) {
    for (const int slots : {1, 2}) {
      if (slots == 2 && !takes_two_slots(head_dim)) continue;
      const int lanes = 1 << log2_lanes_of(head_dim, slots);
      ASSERT_LE(lanes, 32);
      std::vector<int> seen(static_cast<std::size_t>(head_dim / 8));
      for (int lane = 0; lane < lanes; ++lane) {
        const int first = chunk_of(head_dim, slots, lane, 0);
        for (int slot = 0; slot < slots && first >= 0; ++slot) {
          const int chunk = chunk_of(head_dim, slots, lane, slot);
          EXPECT_EQ(chunk, first + slot * (head_dim / 16));  // what rotations pair
          ++seen.at(static_cast<std::size_t>(chunk));
        }
      }
      for (const int count : seen) EXPECT_EQ(count, 1) << head_dim << " " << slots;
    }
  }
}

TEST(HadamardHeads, TransformsStayWithinTheirHead) {
  // A partner lane, lane ^ 2^bit for a bit below the block's, holds a chunk of the same block.
  for (int head_dim = 8; head_dim <= largest_head; head_dim += 8) {
    for (int log2_block = 3; head_dim % (1 << log2_block) == 0; ++log2_block) {
      for (int lane = 0; lane < head_dim / 8; ++lane) {
        for (int bit = 3; bit < log2_block; ++bit) {
          const int partner = chunk_of(head_dim, 1, lane ^ (1 << (bit - 3)), 0);
          ASSERT_GE(partner, 0);
          ASSERT_EQ(partner * 8 >> log2_block, lane * 8 >> log2_block);
        }
      }
    }
  }
}

TEST(HadamardHeads, ItemsCoverEveryHeadOnce) {
  for (const std::int64_t tokens : {1, 2, 33}) {
    for (int heads = 1; heads < 80; ++heads) {
      for (int log2_at_once = 0; log2_at_once <= 5; ++log2_at_once) {
        for (const std::int64_t wanted : {0, 1, 7, 100, 100000}) {
          const HeadItems items = head_items(tokens, heads, log2_at_once, wanted);
          ASSERT_EQ(items.count(), tokens * items.per_token);
          int next = 0;
          for (int i = 0; i < items.per_token; ++i) {
            ASSERT_EQ(items.first_head(i), next);
            ASSERT_LT(next, heads) << "an item without heads";
            next = items.first_head(i + 1);
          }
          ASSERT_GE(next, heads);
        }
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte::core::hadamard
