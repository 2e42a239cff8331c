// The protocol of arrivals in every interleaving of up to four workers: exactly one is last, it
// sees every partial sum, nobody waits, and the workspace is ready for the next call, whatever it
// held.
#include "core/schedule/arrival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "core/schedule/schedules.h"
#include "support/arrival_model.h"

namespace halfbyte::core {
namespace {

using test::Access;
using test::check_calls;
using test::Exploration;
using test::Places;
using test::Words;

// Any content: no counter, nearly one (arrivals carry into the tag, or out of it), one at rest.
const Words contents[] = {
    {0},
    {~std::uint64_t{0}},
    {Arrivals::none},
    {Arrivals::none - 1},
    {Arrivals::none - 2},
    {Arrivals::none - 3},
    {Arrivals::none - 4},
    {(Arrivals::none | Arrivals::max_slices) + 1},
    {0xD1B54A32D192ED03, 0x2545F4914F6CDD1D, Arrivals::none - 1, 0x8CB92BA72F3D8DD7},
};

struct Count {
  std::int64_t states = 0;
  double orders = 0;
  std::size_t steps = 0;
  ~Count() {
    std::printf("%lld states, %.3g interleavings, at most %zu steps a worker\n",
                static_cast<long long>(states), orders, steps);
  }
};

template <class S>
void expect_sound(const S& schedule, Count& count) {
  for (const Words& dirt : contents) {
    const Exploration found = check_calls(schedule, dirt);
    EXPECT_EQ(found.violation, "")
        << "workspace full of " << testing::PrintToString(dirt) << ", order " << found.order;
    EXPECT_GT(found.orders, 0);
    count.states += found.states;
    count.orders += found.orders;
    count.steps = std::max(count.steps, found.steps);
  }
}

TEST(Arrival, IsSoundInEveryInterleavingOfSplitK) {
  Count count;
  for (std::int64_t split = 1; split <= 4; ++split) {
    const Extent tile{1, 4};
    expect_sound(SplitK{{&tile, 1}, split}, count);
  }
  const Extent two_tiles{2, 2};
  expect_sound(SplitK{{&two_tiles, 1}, 2}, count);
}

// Workers that end one tile and begin another.
TEST(Arrival, IsSoundInEveryInterleavingOfStreamK) {
  Count count;
  for (const Extent& extent : {Extent{2, 2}, Extent{2, 3}, Extent{3, 2}, Extent{3, 3}}) {
    for (std::int64_t workers = 2; workers <= 3; ++workers) {
      expect_sound(StreamK{{&extent, 1}, workers}, count);
    }
  }
}

// One resident worker is enough: each runs to its end before the next one starts, in any order.
TEST(Arrival, NeedsOneResidentWorker) {
  const Extent extent{3, 5};
  std::int64_t calls = 0;
  for (std::int64_t workers = 2; workers <= 6; ++workers) {
    const StreamK schedule{{&extent, 1}, workers};
    const Places places{schedule.problems.tiles(), schedule.partials()};
    for (const Words& dirt : contents) {
      std::vector<int> order(static_cast<std::size_t>(schedule.workers()));
      std::iota(order.begin(), order.end(), 0);
      Words words = dirty_memory(places, dirt);
      int call = 0;
      do {
        forget_outputs(places, words);
        for (const int worker : order) {
          Words results;
          for (bool done = false; !done;) {
            ASSERT_LT(results.size(), 20U) << "a worker waits for one that has not started";
            Access memory(words, results);
            try {
              work(schedule, places, call, test::Arrive{}, worker, memory);
              done = true;
            } catch (const Access::Interrupted&) {
            }
          }
        }
        ASSERT_EQ(check_end(schedule, places, words), "");
        ++call;
      } while (std::next_permutation(order.begin(), order.end()));
      calls += call;
    }
  }
  std::printf("%lld calls\n", static_cast<long long>(calls));
}

}  // namespace
}  // namespace halfbyte::core
