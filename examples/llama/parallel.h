// A loop over threads that are started for it: some 50 us, for work of milliseconds. (OpenMP's
// threads go on spinning after a loop, on the cores that the library's threads need next.)
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "halfbyte/threads.h"

namespace llama {

// body(i) for i = 0 ... count-1, in any order. `products` is the work of the whole loop in
// multiply-adds: what takes less than about a millisecond stays on the caller's thread.
template <class Body>
void run_parallel(std::int64_t count, std::int64_t products, const Body& body) {
  const std::int64_t threads =
      products < 20'000'000 ? 1 : std::min<std::int64_t>(halfbyte::num_threads(), count);
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    for (std::int64_t i = next++; i < count; i = next++) body(i);
  };
  std::vector<std::jthread> others;
  for (std::int64_t t = 1; t < threads; ++t) others.emplace_back(work);
  work();
}

}  // namespace llama
