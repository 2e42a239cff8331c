// How fast this machine streams memory: the yardstick of every bandwidth figure.
#pragma once

#include <cstddef>
#include <memory>

#include "bench/timing.h"

namespace halfbyte::bench {

// Reads a buffer with as many threads as halfbyte::num_threads(), four streams each. The bandwidth
// of a shared machine moves within seconds, so passes are made between the timed calls and only the
// ratio to passes nearby is reported. A pass is eight bursts that last about as long as a timed
// call: a longer one would meet interruptions that the calls escape.
class ReadBandwidth {
 public:
  // The default is twice the largest last-level cache we expect to share with others.
  explicit ReadBandwidth(std::size_t bytes = std::size_t{256} << 20);

  // One pass of 128 MiB, going on where the last one stopped. Samples in GB/s (1e9 bytes).
  void pass(Samples& gbps);

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t bytes_;
  std::size_t next_ = 0;  // where the next burst starts
};

}  // namespace halfbyte::bench
