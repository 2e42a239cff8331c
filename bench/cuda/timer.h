// The timer of a GPU. No CUDA header: plain C++ includes this.
#pragma once

#include <memory>

#include "bench/timer.h"

namespace halfbyte::bench {

// A row's calls are captured into one CUDA graph: as many whole rotations of the data as run for a
// millisecond. A sample is one replay over the number of its calls, so that neither the host nor
// the launch of a single call is measured, and no call finds its data in a cache.
std::unique_ptr<Timer> make_cuda_timer(int index);

}  // namespace halfbyte::bench
