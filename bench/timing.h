// Times a callable and summarises the samples.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace halfbyte::bench {

// Microseconds since the stopwatch was made.
class Stopwatch {
 public:
  double us() const {
    return std::chrono::duration<double, std::micro>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

struct Spread {
  double median = 0;
  double p10 = 0;
  double p90 = 0;
  double best = 0;  // the smallest
  std::size_t samples = 0;
};

Spread summarize(std::vector<double> samples);

// Calls run(turn), turn = first, first + 1, ..., and appends the time of each call in microseconds,
// until the calls have taken budget_us together, at least min_calls of them. Each turn is meant to
// read another copy of the data, so that no call finds its own in a cache. Returns the next turn.
template <typename Run>
std::size_t time_turns(std::size_t first, double budget_us, std::size_t min_calls,
                       std::vector<double>& samples, const Run& run) {
  const Stopwatch whole;
  std::size_t turn = first;
  do {
    const Stopwatch one;
    run(turn++);
    samples.push_back(one.us());
  } while (turn - first < min_calls || whole.us() < budget_us);
  return turn;
}

}  // namespace halfbyte::bench
