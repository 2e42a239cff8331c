// What a Hadamard transform costs on a GPU, for ranking kernels: counted bytes and instructions,
// and constants fitted to one H200 (2026-11, docs/design/0005-cuda-hadamard.md). Facts of the
// machine are arguments.
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
  double cluster_blocks = 0;     // blocks that are in clusters, in all
};

// Microseconds.
inline double hadamard_us(const HadamardCost& c, double sms, double read_bytes_per_us) {
  // A copy reaches 0.86 of the memory's rate; a launch that overlaps with the one before takes 0.3
  // us and loads come after 0.6; a barrier costs 30 ns. Rows over clusters took 6 ... 11 ns for
  // each block, on all SMs together, from 1 to 4096 rows: more than their work.
  constexpr double launch = 0.3, latency = 0.6, barrier_us = 0.03, clock_mhz = 1700, ipc = 0.52;
  constexpr double cluster_block_us = 0.009;
  const double memory = c.bytes / (0.86 * read_bytes_per_us);
  const double an_sm = std::ceil(c.blocks / sms);  // blocks' worth on the fullest SM
  const double together = std::min(c.resident, an_sm);
  // Four schedulers; one warp alone reaches about an instruction in four clocks.
  const double alone = c.warp_instructions * 4 / clock_mhz;
  const double shared = together * c.warps * c.warp_instructions / (4 * ipc) / clock_mhz;
  const double rounds = std::ceil(an_sm / std::max(1.0, c.resident));
  const double compute = rounds * (std::max(alone, shared) + c.barriers * barrier_us);
  return launch + latency + std::max(memory, compute) + c.cluster_blocks * cluster_block_us;
}

}  // namespace halfbyte::core
