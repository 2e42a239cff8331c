// What a Hadamard transform costs on a GPU, for ranking kernels: first estimates, from counted
// bytes and instructions. Facts of the machine are arguments.
#pragma once

#include <algorithm>
#include <cmath>

namespace halfbyte::core {

struct HadamardCost {
  double bytes = 0;              // read and written
  double blocks = 1;             // blocks' worth of work in all
  double resident = 1;           // blocks that an SM holds
  double warps = 1;              // of a block
  double warp_instructions = 0;  // of a warp for its block's worth
  double barriers = 0;           // among the block's warps, for its worth
};

// Microseconds.
inline double hadamard_us(const HadamardCost& c, double sms, double read_bytes_per_us) {
  // A copy reaches 0.9 of the memory's rate; loads come after 0.8 us and a barrier costs 30 ns.
  constexpr double launch = 1.4, latency = 0.8, barrier_us = 0.03, clock_mhz = 1700, ipc = 0.6;
  const double memory = c.bytes / (0.9 * read_bytes_per_us);
  const double an_sm = std::ceil(c.blocks / sms);  // blocks' worth on the fullest SM
  const double together = std::min(c.resident, an_sm);
  // Four schedulers; one warp alone reaches about an instruction in four clocks.
  const double alone = c.warp_instructions * 4 / clock_mhz;
  const double shared = together * c.warps * c.warp_instructions / (4 * ipc) / clock_mhz;
  const double rounds = std::ceil(an_sm / std::max(1.0, c.resident));
  const double compute = rounds * (std::max(alone, shared) + c.barriers * barrier_us);
  return launch + latency + std::max(memory, compute);
}

}  // namespace halfbyte::core
