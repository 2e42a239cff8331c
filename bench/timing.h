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
  std::size_t samples = 0;
};

Spread summarize(std::vector<double> samples);

// Calls of one graph: as many whole rotations through `rotation` copies of the data as last for
// wanted_us, at least one, at most most_calls calls where that leaves one. Never a part: the copies
// at the cut would be found in the cache by the next replay's first calls.
std::size_t calls_in_graph(std::size_t rotation, double us_a_call, double wanted_us,
                           std::size_t most_calls);

// How long this process's threads have waited for a processor so far, in microseconds, summed over
// the threads. 0 where the system does not tell.
double waited_us();

// Measurements of one quantity. Those during which a thread had to wait for a processor tell of the
// other processes: they count only while there are too few others.
class Samples {
 public:
  // Measures once: value(us) turns the time of run() into what is kept.
  template <typename Run, typename Value>
  void measure(const Run& run, const Value& value) {
    const double before = waited_us();
    const Stopwatch watch;
    run();
    const double us = watch.us();
    all_.push_back(value(us));
    // Waking up a sleeping thread is part of a call; waiting behind another process is more.
    if (waited_us() - before <= 0.05 * us) undisturbed_.push_back(all_.back());
  }
  void append(const Samples& more);
  Spread summary() const;
  // Whether the summary is over undisturbed measurements alone.
  bool enough_undisturbed() const { return undisturbed_.size() >= 4; }

 private:
  std::vector<double> all_, undisturbed_;
};

// Calls run(turn), turn = first, first + 1, ..., and keeps the time of each call in microseconds,
// until the calls have taken budget_us together, at least min_calls of them. Each turn is meant to
// read another copy of the data, so that no call finds its own in a cache. Returns the next turn.
template <typename Run>
std::size_t time_turns(std::size_t first, double budget_us, std::size_t min_calls, Samples& samples,
                       const Run& run) {
  const Stopwatch whole;
  std::size_t turn = first;
  do {
    samples.measure([&] { run(turn); }, [](double us) { return us; });
    ++turn;
  } while (turn - first < min_calls || whole.us() < budget_us);
  return turn;
}

}  // namespace halfbyte::bench
