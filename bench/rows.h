// A row of a benchmark: one shape, m, type and schedule on one device. The JSON form is what
// scripts and `halfbyte compare` read; docs/cli.md lists its keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace halfbyte::bench {

struct BenchRow {
  std::string op = "linear";
  std::string layer;        // what the weights are: a layer's name, "random", "llama3-8b qkv"
  std::int64_t layers = 1;  // weights of this shape that were multiplied and checked
  std::string device;       // "cpu", "cuda:0"
  std::string device_name;  // "AMD EPYC 7763"
  std::string backend;      // "cpu", "cuda"
  std::string kernel;
  std::string requested;  // the schedule asked for: "auto" or the same as `schedule`
  std::string schedule;
  std::int64_t split = 1;  // 1 for data-parallel, 0 for stream-K
  std::int64_t m = 0, n = 0, k = 0, group = 0;
  int bits = 4;
  std::string dtype;  // of x and y
  int threads = 1;

  double us_median = 0, us_p10 = 0, us_p90 = 0;
  std::int64_t samples = 0;
  double bytes = 0;         // packed codes + scales + zeros + x + y, each once
  double gbps = 0;          // bytes / us_median / 1000
  double read_gbps = 0;     // streaming reads, measured between the samples
  double frac_read_bw = 0;  // gbps / read_gbps
  double fma_gmacs = 0;     // fp32 multiply-adds, measured between the samples, G/s
  double bound_us = 0;      // max(bytes / read_gbps, m n k / fma_gmacs)
  double us_over_bound = 0;
  double rotated_bytes = 0;  // distinct packed bytes that consecutive calls went through

  // Against float64, the worst over `layers`.
  double rel_l2_err = 0;
  double max_err_over_bound = 0;
  bool ok = false;  // inside both gates
  std::string commit;

  // Missing in files of before there were GPU rows.
  std::int64_t calls_per_sample = 1;  // 1 on the CPU; the calls of a graph on a GPU
  std::int64_t tile_m = 0, tile_n = 0, tile_k = 0;
  int stages = 0, warps = 0;
  std::int64_t workers = 0;  // thread blocks, or tasks
  double waves = 0;          // workers / SMs, or / threads
  bool overlaps = false;     // with the kernel before (LinearOptions)
  bool batch_invariant = false;
};

// A JSON array, one row a line.
std::string to_json(const std::vector<BenchRow>& rows);

// Errors: E_IO, E_FORMAT (no JSON, or no array of rows with the keys above), naming `function`.
std::vector<BenchRow> read_rows(const std::filesystem::path& path, std::string_view function);

std::string to_csv(const std::vector<BenchRow>& rows);

}  // namespace halfbyte::bench
