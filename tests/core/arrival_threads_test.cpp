// The arrivals with real atomics and a thread a worker. Under ThreadSanitizer (preset dev-tsan) a
// sum that the last one reads without its writer's arrival coming first is a report.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "core/schedule/arrival.h"

namespace halfbyte::core {
namespace {

std::atomic<int> lost_swaps{0};  // times that another worker came between load and swap

struct Counter {
  std::atomic<std::uint64_t>& word;
  unsigned& steps;  // of this thread

  // With fewer cores than workers, nobody would come between two steps unless let.
  void let_others() {
    if (++steps % 5 == 0) std::this_thread::yield();
  }
  std::uint64_t load() {
    const std::uint64_t value = word.load(std::memory_order_acquire);
    let_others();
    return value;
  }
  std::uint64_t add_one() {
    const std::uint64_t before = word.fetch_add(1, std::memory_order_acq_rel);
    let_others();
    return before;
  }
  std::uint64_t swap(std::uint64_t from, std::uint64_t to) {
    const bool swapped = word.compare_exchange_strong(from, to, std::memory_order_acq_rel);
    if (!swapped) lost_swaps.fetch_add(1, std::memory_order_relaxed);
    return from;  // the value before: unchanged on success, loaded on failure
  }
  void store(std::uint64_t value) { word.store(value, std::memory_order_release); }
};

constexpr int workers = 4;
constexpr std::size_t tiles = 64;
constexpr int calls = 1600;  // 102,400 tiles

struct Tile {
  std::atomic<std::uint64_t> counter{0};
  std::uint64_t sums[workers] = {};  // written without atomics, as the kernels write theirs
  std::atomic<int> lasts{0};
};

TEST(ArrivalThreads, OneIsLastAndSeesEverySum) {
  std::vector<Tile> workspace(tiles);
  std::atomic<int> wrong{0};
  std::atomic<int> was_last[workers] = {};
  int call = 0;
  std::mt19937_64 random(1);
  // Between two calls, as between two kernels of a stream.
  const auto check_and_dirty = [&]() noexcept {
    for (Tile& tile : workspace) {
      if (tile.lasts.exchange(0) != 1) ++wrong;
      if (tile.counter.load() != Arrivals::none) ++wrong;
      // Every other call finds what the one before left, the rest any content.
      if (call % 2 == 1) continue;
      tile.counter.store(call % 4 == 0 ? random() : Arrivals::none - 1 - random() % workers);
    }
    ++call;
  };
  std::barrier between(workers, check_and_dirty);
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w) {
    threads.emplace_back([&, w] {
      auto steps = static_cast<unsigned>(w);
      for (int i = 0; i < calls; ++i) {
        for (std::size_t t = 0; t < tiles; ++t) {
          Tile& tile = workspace[(t + static_cast<std::size_t>(i * w)) % tiles];
          tile.sums[w] = static_cast<std::uint64_t>(i) * workers + static_cast<std::uint64_t>(w);
          Counter counter{tile.counter, steps};
          if (!arrive(counter, workers)) continue;
          tile.lasts.fetch_add(1, std::memory_order_relaxed);
          was_last[w].fetch_add(1, std::memory_order_relaxed);
          for (int s = 0; s < workers; ++s) {
            const auto sum =
                static_cast<std::uint64_t>(i) * workers + static_cast<std::uint64_t>(s);
            if (tile.sums[s] != sum) ++wrong;
          }
        }
        between.arrive_and_wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(call, calls);
  std::printf("%d lost swaps; last of a tile, by worker: %d %d %d %d\n", lost_swaps.load(),
              was_last[0].load(), was_last[1].load(), was_last[2].load(), was_last[3].load());
}

}  // namespace
}  // namespace halfbyte::core
