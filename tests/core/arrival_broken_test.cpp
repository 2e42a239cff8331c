// Protocols that are broken, each in another way: the checker of arrival_test.cpp catches every
// one, so that its silence means something.
#include <gtest/gtest.h>

#include "core/schedule/schedules.h"
#include "support/arrival_model.h"

namespace halfbyte::test {
namespace {

using core::Arrivals;

// core::arrive on a counter with another member.
template <class BrokenCounter>
struct ArriveWith : Arrive {
  bool operator()(Counter word, std::int64_t slices) const {
    BrokenCounter broken{word};
    return core::arrive(broken, slices);
  }
};

struct LoadThenStore : Counter {
  std::uint64_t add_one() {
    const std::uint64_t before = load();
    store(before + 1);
    return before;
  }
};
struct NeverSetsBack : Counter {
  void store(std::uint64_t) {}
};
struct SwapsBlindly : Counter {
  std::uint64_t swap(std::uint64_t from, std::uint64_t to) {
    store(to);
    return from;
  }
};

struct ArrivesBeforeItsSum : Arrive {
  static constexpr bool before_its_sum = true;
};
struct TrustsTheWorkspace : Arrive {
  bool operator()(Counter word, std::int64_t slices) const {
    const bool last = word.add_one() - Arrivals::none + 1 == static_cast<std::uint64_t>(slices);
    if (last) word.store(Arrivals::none);
    return last;
  }
};
// Whoever finds dirt makes it a counter without looking whether somebody else did.
struct ClaimsWithoutSwap : Arrive {
  bool operator()(Counter word, std::int64_t slices) const {
    std::uint64_t before = word.add_one();
    if (!Arrivals::is_counter(before)) {
      word.store(Arrivals::none + 1);
      before = Arrivals::none;
    }
    const bool last = static_cast<std::int64_t>(before - Arrivals::none) + 1 == slices;
    if (last) word.store(Arrivals::none);
    return last;
  }
};
struct WaitsForTheLast : Arrive {
  bool operator()(Counter word, std::int64_t slices) const {
    if (core::arrive(word, slices)) return true;
    constexpr std::uint64_t waiting = 2000;
    do {
      word.memory.forget(waiting);
    } while (word.load() != Arrivals::none);
    return false;
  }
};

template <class A>
std::string caught(std::uint64_t dirt) {
  const core::Extent tile{1, 4};
  return check_calls(core::SplitK{{&tile, 1}, 3}, {dirt}, A{}).violation;
}

TEST(ArrivalChecker, CatchesBrokenProtocols) {
  EXPECT_EQ(caught<Arrive>(0), "");
  EXPECT_EQ(caught<ArriveWith<LoadThenStore>>(Arrivals::none),
            "a tile was stored 0 times in call 0");
  EXPECT_EQ(caught<ArriveWith<NeverSetsBack>>(Arrivals::none),
            "a counter does not end as none in call 0");
  EXPECT_NE(caught<ArriveWith<SwapsBlindly>>(0), "");
  EXPECT_EQ(caught<ArrivesBeforeItsSum>(Arrivals::none),
            "a last worker did not see every sum in call 0");
  EXPECT_NE(caught<TrustsTheWorkspace>(0), "");
  EXPECT_EQ(caught<TrustsTheWorkspace>(Arrivals::none), "");
  EXPECT_NE(caught<ClaimsWithoutSwap>(0), "");
  EXPECT_EQ(caught<ClaimsWithoutSwap>(Arrivals::none), "");
  EXPECT_EQ(caught<WaitsForTheLast>(Arrivals::none), "a worker goes on and on in call 0");
}

}  // namespace
}  // namespace halfbyte::test
