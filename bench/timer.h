// Times the calls of a benchmark's rows on one device, beside what the device itself reaches:
// passes of its probes are made between the rounds of timed calls.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "bench/timing.h"
#include "halfbyte/tensor.h"

namespace halfbyte::bench {

class Timer {
 public:
  // Starts one call. Each turn is meant to read another copy of the data, so that no call finds
  // its own in a cache. `stream`: where the device has streams.
  using Run = std::function<void(std::size_t turn, void* stream)>;

  // The calls of one row.
  class Series {
   public:
    virtual ~Series() = default;
    // Adds samples for about budget_us, a few at least.
    virtual void round(double budget_us) = 0;
    // Microseconds a call.
    virtual Spread us() const = 0;
    // Calls that one sample is the mean of.
    virtual std::size_t calls_per_sample() const = 0;
  };

  // Medians of the probes' passes.
  struct Rates {
    double read_gbps = 0, fma_gmacs = 0;
  };

  virtual ~Timer() = default;
  // After `rotation` turns the calls come to the first copy again.
  virtual std::unique_ptr<Series> series(Run run, std::size_t rotation) = 0;
  virtual void probe() = 0;
  // Of the passes since the last time that rates() was called.
  virtual Rates rates() = 0;
};

// Errors: those of device_info.
std::unique_ptr<Timer> make_timer(Device device);

}  // namespace halfbyte::bench
