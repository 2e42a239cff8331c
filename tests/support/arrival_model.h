// One call of a kernel that divides tiles among workers, as steps on words: what the workers do to
// the workspace (core/schedule/arrival.h) and to the output, and what must hold when all have
// ended.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/schedule/arrival.h"
#include "core/schedule/work.h"
#include "support/interleavings.h"

namespace halfbyte::test {

// The memory: the tiles' counters, the partial sums, and, for the test's eyes only, how often each
// tile was stored.
struct Places {
  std::int64_t tiles, partials;
  std::size_t counter(std::int64_t tile) const { return static_cast<std::size_t>(tile); }
  std::size_t partial(std::int64_t i) const { return static_cast<std::size_t>(tiles + i); }
  std::size_t output(std::int64_t tile) const {
    return static_cast<std::size_t>(tiles + partials + tile);
  }
  std::size_t words() const { return static_cast<std::size_t>(2 * tiles + partials); }
};

// What core::arrive wants of a counter, each of its members one step.
struct Counter {
  Access& memory;
  std::size_t at;

  std::uint64_t load() {
    return memory.step([&](Words& w) { return w[at]; });
  }
  std::uint64_t add_one() {
    return memory.step([&](Words& w) { return w[at]++; });
  }
  std::uint64_t swap(std::uint64_t from, std::uint64_t to) {
    return memory.step([&](Words& w) {
      const std::uint64_t before = w[at];
      if (before == from) w[at] = to;
      return before;
    });
  }
  void store(std::uint64_t value) {
    memory.step([&](Words& w) { return w[at] = value; });
  }
};

// How a worker arrives: the protocol under test. Broken ones have other members.
struct Arrive {
  static constexpr bool before_its_sum = false;
  // core::arrive loads when it overwrites all that it knows: the word was no counter, try again.
  struct Forgetful : Counter {
    std::uint64_t load() {
      memory.forget(1000 + at);
      return Counter::load();
    }
  };
  bool operator()(Counter word, std::int64_t slices) const {
    Forgetful forgetful{word};
    return core::arrive(forgetful, slices);
  }
};

// The sum of a call differs from what any other call or a dirty workspace holds.
inline std::uint64_t sum_of(int call, std::int64_t partial) {
  return static_cast<std::uint64_t>(1000 * (call + 1) + partial);
}

constexpr std::uint64_t stored_once = 1;
constexpr std::uint64_t stored_wrong = 1000;

// What worker `worker` does in call `call`.
template <class S, class A>
void work(const S& schedule, const Places& places, int call, const A& arrive, int worker,
          Access& memory) {
  for (std::int64_t i = 0; i < schedule.items(worker); ++i) {
    memory.forget(2 * static_cast<std::uint64_t>(i));
    const core::WorkItem item = schedule.item(worker, i);
    const auto store_tile = [&](std::uint64_t what) {
      memory.step([&](Words& w) { return w[places.output(item.tile)] += what; });
    };
    const auto leave_sum = [&] {
      memory.step(
          [&](Words& w) { return w[places.partial(item.partial)] = sum_of(call, item.partial); });
    };
    if (item.partial < 0) {
      store_tile(stored_once);
      continue;
    }
    if (!A::before_its_sum) leave_sum();
    const bool last = arrive(Counter{memory, places.counter(item.tile)}, item.slices);
    if (A::before_its_sum) leave_sum();
    if (!last) continue;
    memory.forget(2 * static_cast<std::uint64_t>(i) + 1);
    // A place is written once a call, so what reading one by one could miss, reading all in one
    // step misses in some order.
    const bool sees_all = 1 == memory.step([&](Words& w) -> std::uint64_t {
      for (std::int64_t s = 0; s < item.slices; ++s) {
        const std::int64_t partial = schedule.partial(item.tile, s);
        if (w[places.partial(partial)] != sum_of(call, partial)) return 0;
      }
      return 1;
    });
    store_tile(sees_all ? stored_once : stored_wrong);
  }
}

// What is wrong when all workers have ended; "" if nothing.
template <class S>
std::string check_end(const S& schedule, const Places& places, const Words& words) {
  for (std::int64_t t = 0; t < places.tiles; ++t) {
    const std::uint64_t stored = words[places.output(t)];
    if (stored >= stored_wrong) return "a last worker did not see every sum";
    if (stored != stored_once) return "a tile was stored " + std::to_string(stored) + " times";
    if (schedule.slices(t) > 1 && words[places.counter(t)] != core::Arrivals::none) {
      return "a counter does not end as none";
    }
  }
  return "";
}

// A memory full of `dirt`, over and over, with no tile stored yet.
inline Words dirty_memory(const Places& places, const Words& dirt) {
  Words words(places.words());
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = dirt[i % dirt.size()];
  return words;
}
inline void forget_outputs(const Places& places, Words& words) {
  for (std::int64_t t = 0; t < places.tiles; ++t) words[places.output(t)] = 0;
}

// Two calls, the second on whatever the first may leave, each in every interleaving.
template <class S, class A = Arrive>
Exploration check_calls(const S& schedule, const Words& dirt, const A& arrive = {}) {
  const Places places{schedule.problems.tiles(), schedule.partials()};
  const auto workers = static_cast<int>(schedule.workers());
  // A worker has at most two divided tiles. At each: its sum, its arrival, then two steps each time
  // that another's arrival came between its look at a dirty counter and its claim of it, and, as
  // the last, three more.
  const auto limit = static_cast<std::size_t>(2 * (5 + 2 * (workers + 1)) + places.tiles);
  Exploration total;
  std::vector<Words> begins{dirty_memory(places, dirt)};
  for (int call = 0; call < 2; ++call) {
    std::vector<Words> ends;
    for (Words& begin : begins) {
      forget_outputs(places, begin);
      Exploration one = explore(
          begin, workers, limit,
          [&](int worker, Access& memory) { work(schedule, places, call, arrive, worker, memory); },
          [&](const Words& words) { return check_end(schedule, places, words); });
      total.states += one.states;
      total.orders += one.orders;
      total.steps = std::max(total.steps, one.steps);
      if (!one.violation.empty()) {
        total.violation = one.violation + " in call " + std::to_string(call);
        total.order = one.order;
        return total;
      }
      ends.insert(ends.end(), one.left.begin(), one.left.end());
    }
    begins = ends;
  }
  return total;
}

}  // namespace halfbyte::test
