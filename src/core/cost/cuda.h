// What a product costs on a GPU, for ranking configurations. The constants are fitted to every
// tile, schedule and split of 30 square and most of 24 other products on one H200
// (docs/design/0004-cuda-w4a16.md): the chosen configuration is 4 % slower than the best in the
// geometric mean, 30 % at worst (1024^2, m = 16). Facts of the machine are arguments.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/schedule/work.h"

namespace halfbyte::core {

struct CudaShape {
  std::int64_t ctas = 0;         // of the launch
  double blocks_per_cta = 0;     // blocks of 64 k, on average
  double slabs = 1, octets = 1;  // of a CTA's tile
  double rows = 8;               // of x in it, at most 8 octets
  double code_bits = 4;
  double warps = 8;
  double slices = 1;      // partial sums of a tile
  double items = 1;       // tiles that a CTA has a share of, one after the other
  bool gathered = false;  // x element by element
};

struct CudaMachine {
  double sms = 1;
  double read_bytes_per_us = 1;  // of memory
  double resident = 1;           // CTAs of this configuration on an SM at once
};

// Microseconds, with calls that follow each other closely.
inline double cuda_product_us(const CudaShape& s, const CudaMachine& machine) {
  constexpr double sm_bytes_per_us = 50.2e3, clock_mhz = 1700, instructions_per_clock = 4 * 0.638;
  const double ctas = std::max(1.0, static_cast<double>(s.ctas));
  const double places = machine.sms * machine.resident;
  const double load = std::ceil(ctas / machine.sms);  // CTAs of the SM that has most of them
  const double rounds = std::max(1.0, load / machine.resident);
  const double code_bytes = s.slabs * 128 * s.code_bits;  // 64 k x 16 columns a slab
  const double memory =
      ctas * s.blocks_per_cta * code_bytes * 1.04 / (0.815 * machine.read_bytes_per_us);
  const double through_sm =
      load * s.blocks_per_cta * (code_bytes + s.rows * 128 + s.slabs * 32) / sm_bytes_per_us;
  const double per_octet = s.gathered ? 120 : 13.6;
  const double instructions =
      load * s.blocks_per_cta * (s.slabs * (29.8 + 20.6 * s.octets) + 45.9 + per_octet * s.octets);
  const double issue = instructions / instructions_per_clock / clock_mhz;
  const double latency = rounds * (0.018 + std::ceil(s.blocks_per_cta / s.warps) * 0.0451 *
                                               s.slabs * (1 + 1.15 * s.octets));
  // Where two grids fit, the next one begins while this one works.
  const double hidden = 2 * ctas <= places ? 0.44 : 1;
  const double start_and_end =
      rounds * s.items * ((1.155 + 0.0066 * s.warps) * hidden + 0.019 * s.rows * s.slabs);
  const double meeting = s.slices > 1 ? rounds * s.items * (0.93 + 0.0245 * s.slices) : 0;
  return 1.02 + std::max({memory, through_sm, issue, latency}) + start_and_end + meeting;
}

}  // namespace halfbyte::core
