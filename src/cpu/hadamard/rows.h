// What the rows of this folder's tables say of themselves: where they run, what they refuse and
// cost.
#pragma once

#include "core/cost/cpu.h"
#include "cpu/hadamard/hadamard.h"
#include "cpu/isa.h"

namespace halfbyte::cpu {

template <Isa isa>
std::string_view needs(const DeviceInfo&) {
  if (active_isa() >= isa) return {};
  if (detected_isa() >= isa) return "HALFBYTE_ISA asks for a lower instruction set";
  return isa == Isa::avx2 ? "this CPU has no AVX2, FMA and F16C"
                          : "this CPU has no AVX-512 (F, BW, VL, DQ)";
}

template <const HadamardSimd& (*simd)()>
std::string_view reject_along(const HadamardProblem& p, const DeviceInfo&) {
  if (p.size.q > 1 && std::int64_t{1} << p.size.p < simd().lanes) {
    return "2^p is smaller than a vector";
  }
  if (p.group > largest_span) return "more than 65536 elements share a scale";
  if (p.group > 0 && p.group % p.size.n() != 0 && p.size.n() % p.group != 0) {
    return "groups and pieces do not nest";
  }
  return {};
}

inline double microseconds(const HadamardProblem& p, double cycles_per_element) {
  const double elements = static_cast<double>(p.rows()) * static_cast<double>(p.n);
  return core::region_us +
         elements * cycles_per_element / core::nominal_workers / (core::nominal_ghz * 1e3);
}

inline double predict_along(const HadamardProblem& p, const DeviceInfo& device) {
  const core::HadamardCpuCost& cost = core::hadamard_cpu_cost(device.isa);
  const bool adjacent = p.x_strides.element == 1 && p.y_strides.element == 1;
  return microseconds(p, adjacent ? cost.along_row : cost.gathered);
}

}  // namespace halfbyte::cpu
