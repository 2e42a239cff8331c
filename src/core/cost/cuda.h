// What a product costs on a GPU, for ranking configurations. The constants are first estimates from
// the building blocks measured on one H200 (docs/design/0004-cuda-w4a16.md); facts of the machine
// are arguments.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/schedule/work.h"

namespace halfbyte::core {

struct CudaShape {
  std::int64_t ctas = 0;         // of the launch
  double blocks_per_cta = 0;     // blocks of 64 k, the share of the CTA with most of them
  double slabs = 1, octets = 1;  // of a CTA's tile
  double code_bits = 4;
  double warps = 8, stages = 4;
  double slices = 1;      // partial sums of a tile
  bool gathered = false;  // x element by element
};

struct CudaMachine {
  double sms = 1;
  double read_bytes_per_us = 1;  // of memory
  double resident = 1;           // CTAs of this configuration on an SM at once
};

// Microseconds.
inline double cuda_product_us(const CudaShape& s, const CudaMachine& machine) {
  constexpr double launch = 1.7, sm_bytes_per_us = 75e3, load_us = 0.75, clock_mhz = 1700;
  const double busy = std::max(1.0, static_cast<double>(s.ctas));
  const double load = static_cast<double>(ceil_div(s.ctas, static_cast<std::int64_t>(machine.sms)));
  const double code_bytes = s.slabs * 128 * s.code_bits;  // 64 k x 16 columns a slab
  const double x_bytes = s.octets * 8 * 128;
  const double cta_bytes = s.blocks_per_cta * (code_bytes + x_bytes + s.slabs * 32);
  const double memory =
      busy * s.blocks_per_cta * code_bytes * 1.04 / (0.93 * machine.read_bytes_per_us);
  // The SM with most CTAs is done last, also when the others have long left.
  const double uneven = load * machine.sms / busy;
  const double streaming = busy >= machine.sms ? memory * std::min(uneven, 1.6) : memory;
  const double through_sm = load * cta_bytes / sm_bytes_per_us;
  // Counted in the machine code of cuda/w4a16/kernel.cuh.
  const double per_octet = s.gathered ? 120 : 7;
  const double instructions =
      load * s.blocks_per_cta * (s.slabs * (42 + 8 * s.octets) + 55 + per_octet * s.octets);
  const double issue = instructions / (4 * 0.65) / clock_mhz;
  const double rounds = std::max(1.0, load / machine.resident);
  const double latency = rounds * load_us * std::max(1.0, s.blocks_per_cta / s.warps / s.stages);
  const double sum = s.slices > 1 ? 1.3 + 0.06 * s.slices : 0;
  return launch + std::max({streaming, through_sm, issue, latency}) + 0.04 * s.warps + sum;
}

}  // namespace halfbyte::core
