// Times and checks hadamard(), or rotary_hadamard(), beside a copy of the same bytes, in turns: on
// a machine that others use too, only neighbours in time compare. Calls go through copies of x and
// y in turn, at least rotate_bytes of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/timer.h"
#include "halfbyte/hadamard.h"

namespace halfbyte::bench {

struct HadamardRow {
  std::string op = "hadamard";
  std::string device, device_name, kernel;
  std::int64_t n = 0, rows = 0;
  std::int64_t heads = 0;  // of a token, for rotary_hadamard()
  std::int64_t elements = 0;
  std::string dtype, out;  // of x; of y: the same, or the kind of the codes
  bool in_place = false, fast = false;
  int threads = 1;
  double us_median = 0, us_p10 = 0, us_p90 = 0;
  std::int64_t samples = 0, calls_per_sample = 1;
  double bytes = 0;                   // x once and y once
  double gbps = 0;                    // bytes / us_median / 1000
  double copy_us = 0, copy_gbps = 0;  // of the fastest way to copy
  double frac_copy = 0;               // copy_us / us_median
  double rotated_bytes = 0;
  double max_err_over_bound = 0;  // float types, three rows; codes: 0
  bool ok = false;
  std::string commit;
};

struct HadamardSettings {
  std::vector<std::int64_t> n, elements;
  std::vector<DType> dtypes = {DType::f16};
  std::vector<std::string> out = {"same"};  // "same", "e4m3", "e5m2", "int8", "int4"
  std::vector<bool> in_place = {false};
  bool fast = false;
  std::int64_t heads = 0;  // not 0: rotary_hadamard() on tokens of so many heads of n
  std::string kernel;
  Device device{};
  double cell_ms = 40;
  std::size_t rotate_bytes = std::size_t{256} << 20;
};

// Cells whose elements are no whole number of rows are left out. Calls step() after each row.
std::vector<HadamardRow> bench_hadamard(const HadamardSettings& settings, Timer& timer,
                                        const std::function<void()>& step = {});

// A JSON array, one row a line, and a table.
std::string to_json(const std::vector<HadamardRow>& rows);
std::string to_markdown(const std::vector<HadamardRow>& rows);

}  // namespace halfbyte::bench
