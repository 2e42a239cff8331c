// How many fp32 multiply-adds a second this machine does: the yardstick where bandwidth is not.
#pragma once

#include "bench/timing.h"

namespace halfbyte::bench {

// Eight bursts of a quarter of a millisecond on halfbyte::num_threads() threads, with the widest
// registers of the CPU. Samples in G multiply-adds per second; a fused multiply-add of n lanes
// counts n.
void multiply_add_pass(Samples& gmacs);

}  // namespace halfbyte::bench
