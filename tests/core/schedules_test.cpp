// Every schedule gives every k block of every tile to exactly one item, for thousands of shapes.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "core/schedule/schedules.h"

namespace halfbyte::core {
namespace {

// Walks a schedule and checks all that schedules/work.h promises.
template <class S>
void expect_complete(const S& schedule, const Problems& problems) {
  const std::int64_t tiles = problems.tiles();
  std::vector<std::vector<int>> covered(static_cast<std::size_t>(tiles));
  std::vector<std::set<std::int64_t>> slices(static_cast<std::size_t>(tiles));
  std::set<std::int64_t> places;
  for (std::int64_t t = 0; t < tiles; ++t) {
    const auto owner = problems.owner(t);
    covered[static_cast<std::size_t>(t)].resize(
        static_cast<std::size_t>(problems.extents[owner.problem].k_blocks));
  }
  for (std::int64_t w = 0; w < schedule.workers(); ++w) {
    for (std::int64_t i = 0; i < schedule.items(w); ++i) {
      const WorkItem item = schedule.item(w, i);
      ASSERT_GE(item.tile, 0);
      ASSERT_LT(item.tile, tiles);
      const auto tile = static_cast<std::size_t>(item.tile);
      const TileOwner owner = problems.owner(item.tile);
      ASSERT_EQ(item.problem, owner.problem);
      ASSERT_EQ(item.local_tile, owner.local_tile);
      ASSERT_EQ(item.slices, schedule.slices(item.tile));
      ASSERT_LT(item.slice, item.slices);
      ASSERT_TRUE(slices[tile].insert(item.slice).second) << "a slice twice";
      if (item.slices > 1) {
        ASSERT_EQ(item.partial, schedule.partial(item.tile, item.slice));
        ASSERT_GE(item.partial, 0);
        ASSERT_LT(item.partial, schedule.partials());
        ASSERT_TRUE(places.insert(item.partial).second) << "two sums in one place";
      } else {
        ASSERT_EQ(item.partial, -1);
      }
      for (std::int64_t b = 0; b < item.k.count; ++b) {
        const std::int64_t block = item.k.first + b * item.k.stride;
        ASSERT_GE(block, 0);
        ASSERT_LT(block, problems.extents[item.problem].k_blocks);
        ++covered[tile][static_cast<std::size_t>(block)];
      }
    }
  }
  for (std::size_t t = 0; t < covered.size(); ++t) {
    ASSERT_EQ(static_cast<std::int64_t>(slices[t].size()),
              schedule.slices(static_cast<std::int64_t>(t)));
    for (const int times : covered[t]) ASSERT_EQ(times, 1);
  }
}

struct Counter {
  int shapes = 0;
  ~Counter() { ::testing::Test::RecordProperty("shapes", shapes); }
};

TEST(Schedules, CoverEveryBlockOnce) {
  Counter counter;
  for (std::int64_t tiles = 1; tiles <= 9; ++tiles) {
    for (std::int64_t k_blocks = 0; k_blocks <= 17; ++k_blocks) {
      const Extent extent{tiles, k_blocks};
      const Problems problems{&extent, 1};
      expect_complete(DataParallel{problems}, problems);
      for (std::int64_t split = 1; split <= 20; ++split) {
        expect_complete(SplitK{problems, split, SliceOrder::interleaved}, problems);
        expect_complete(SplitK{problems, split, SliceOrder::contiguous}, problems);
        expect_complete(StreamK{problems, split}, problems);
        counter.shapes += 3;
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Schedules, CoverGroupedProblems) {
  const std::vector<std::vector<Extent>> groups{{{3, 5}, {0, 4}, {2, 0}, {4, 1}},
                                                {{1, 1}, {1, 100}, {7, 3}},
                                                {{0, 0}, {5, 2}},
                                                {{2, 9}, {2, 9}}};
  for (const auto& extents : groups) {
    const Problems problems{extents.data(), static_cast<std::int64_t>(extents.size())};
    expect_complete(DataParallel{problems}, problems);
    for (std::int64_t s = 1; s <= 40; ++s) {
      expect_complete(SplitK{problems, s, SliceOrder::interleaved}, problems);
      expect_complete(SplitK{problems, s, SliceOrder::contiguous}, problems);
      expect_complete(StreamK{problems, s}, problems);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Schedules, ShareStreamKEvenly) {
  for (std::int64_t tiles = 1; tiles < 40; ++tiles) {
    const Extent extent{tiles, 13};
    const StreamK schedule{{&extent, 1}, 16};
    for (std::int64_t w = 0; w < schedule.workers(); ++w) {
      const std::int64_t units = schedule.begin(w + 1) - schedule.begin(w);
      ASSERT_GE(units, tiles * 13 / schedule.workers());
      ASSERT_LE(units, tiles * 13 / schedule.workers() + 1);
    }
    ASSERT_EQ(schedule.begin(schedule.workers()), tiles * 13);
  }
}

TEST(Schedules, CutInterleavedSlicesAsPublished) {
  EXPECT_EQ(slice_blocks<std::int64_t>(10, 1, 4, SliceOrder::interleaved),
            (KBlocks{1, 3, 4}));  // 1, 5, 9
  EXPECT_EQ(slice_blocks<std::int64_t>(10, 3, 4, SliceOrder::interleaved),
            (KBlocks{3, 2, 4}));  // 3, 7
  EXPECT_EQ(slice_blocks<std::int64_t>(10, 1, 4, SliceOrder::contiguous),
            (KBlocks{3, 3, 1}));  // 3, 4, 5
}

TEST(Schedules, StandExtentsBeyondThirtyTwoBits) {
  const Extent extent{std::int64_t{1} << 33, std::int64_t{1} << 20};
  const Problems problems{&extent, 1};
  const StreamK stream{problems, 132};
  EXPECT_EQ(stream.units(), std::int64_t{1} << 53);
  EXPECT_EQ(stream.begin(132), std::int64_t{1} << 53);
  EXPECT_EQ(stream.item(131, stream.items(131) - 1).tile, (std::int64_t{1} << 33) - 1);
  const SplitK split{problems, 2147483647};
  EXPECT_EQ(split.slices(0), std::int64_t{1} << 20);
  EXPECT_EQ(split.item(split.workers() - 1, 0).tile, (std::int64_t{1} << 33) - 1);
}

// Kernels count with 32 bits: the same items.
template <class S, class S32>
void expect_alike(const S& wide, const S32& narrow) {
  ASSERT_EQ(wide.workers(), narrow.workers());
  ASSERT_EQ(wide.partials(), narrow.partials());
  for (std::int32_t w = 0; w < narrow.workers(); ++w) {
    ASSERT_EQ(wide.items(w), narrow.items(w));
    for (std::int32_t i = 0; i < narrow.items(w); ++i) {
      const WorkItem a = wide.item(w, i);
      const BasicWorkItem<std::int32_t> b = narrow.item(w, i);
      ASSERT_EQ(a.tile, b.tile);
      ASSERT_EQ(a.k.first, b.k.first);
      ASSERT_EQ(a.k.count, b.k.count);
      ASSERT_EQ(a.k.stride, b.k.stride);
      ASSERT_EQ(a.slice, b.slice);
      ASSERT_EQ(a.slices, b.slices);
      ASSERT_EQ(a.partial, b.partial);
    }
  }
}

TEST(Schedules, CountAlikeInThirtyTwoBits) {
  for (const std::int64_t tiles : {1, 7, 40}) {
    for (const std::int64_t k_blocks : {0, 1, 5, 64}) {
      const Extent extent{tiles, k_blocks};
      const BasicExtent<std::int32_t> extent32{static_cast<std::int32_t>(tiles),
                                               static_cast<std::int32_t>(k_blocks)};
      for (const std::int32_t s : {1, 2, 3, 16, 132, 2147483647}) {
        expect_alike(SplitK{{&extent, 1}, s}, BasicSplitK<std::int32_t>{{&extent32, 1}, s});
        if (s <= 132) {
          expect_alike(StreamK{{&extent, 1}, s}, BasicStreamK<std::int32_t>{{&extent32, 1}, s});
        }
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte::core
