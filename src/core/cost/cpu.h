// What the CPU kernels cost, for ranking them. Facts of machines are rows here, not literals in
// kernels. Measured figures: bench/results/cpu.
#pragma once

#include <cstdint>
#include <string_view>

namespace halfbyte::core {

struct CpuCost {
  std::string_view isa;
  double read_bytes_per_cycle;  // one worker's share of the memory bandwidth
  double digits_cycles;         // a weight and row, three digits
  double digits_chunk_cycles;   // a chunk of a column and row, three digits, on top
  double words_cycles;          // as digits_cycles, for two digits
  double words_chunk_cycles;
  double panel_cycles;             // a weight and row
  double panel_dequantize_cycles;  // a weight, panels and pairs
  double pairs_cycles = 0;         // a weight and row, bf16 x
};

inline constexpr CpuCost cpu_costs[] = {
    {"scalar", 4.7, 2.0, 0.0, 2.0, 0.0, 0.6, 0.6},
    {"avx2", 4.7, 0.066, 2.2, 0.049, 0.4, 0.068, 0.25},
    {"avx512", 4.7, 0.045, 0.0, 0.045, 0.0, 0.034, 0.10},
    {"avx512vnni", 4.7, 0.025, 0.0, 0.025, 0.0, 0.034, 0.10},
    {"avx512bf16", 4.7, 0.025, 0.0, 0.025, 0.0, 0.034, 0.10, 0.020},
};

constexpr const CpuCost& cpu_cost(std::string_view isa) {
  for (const CpuCost& row : cpu_costs) {
    if (row.isa == isa) return row;
  }
  return cpu_costs[0];
}

// Cycles an element of a Hadamard transform.
struct HadamardCpuCost {
  std::string_view isa;
  double along_row;    // adjacent elements
  double across_rows;  // adjacent rows
  double gathered;     // element by element
};

inline constexpr HadamardCpuCost hadamard_cpu_costs[] = {
    {"scalar", 12, 12, 24},
    {"avx2", 1.2, 1.4, 12},
    {"avx512", 0.8, 1.0, 12},
};

// Every level above AVX-512's has its cost.
constexpr const HadamardCpuCost& hadamard_cpu_cost(std::string_view isa) {
  if (isa == "scalar") return hadamard_cpu_costs[0];
  return isa == "avx2" ? hadamard_cpu_costs[1] : hadamard_cpu_costs[2];
}

// Time is ranked for this many workers on every machine: a choice that followed the threads in use
// would make the bits of the result follow them too.
inline constexpr double nominal_workers = 8;
// What stays in the last cache between two uses.
inline constexpr double cached_bytes = 20.0 * (1 << 20);
inline constexpr double nominal_ghz = 3.0;
// Entering and leaving a parallel region once, and starting one work item.
inline constexpr double region_us = 2.0;
inline constexpr double item_us = 0.2;

}  // namespace halfbyte::core
