// What others reached on one GPU, and how our rows stand to it. The files: bench/anchors/README.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/rows.h"

namespace halfbyte::bench {

struct AnchorCell {
  std::int64_t k = 0, n = 0, m = 0, group = 0;
  double best_us = 0;  // of the 4-bit kernels
  std::string best_peer;
  double best_fp32_us = 0;   // of those that sum in f32; 0: not known
  double read_floor_us = 0;  // reading the packed weights and scales alone; 0: not known
};

struct Anchors {
  std::string device;
  std::vector<AnchorCell> cells;
};

// Nothing where the file is no object with cells: an array of rows, say.
// Errors: E_IO, E_FORMAT, naming `function`.
std::optional<Anchors> read_anchors(const std::filesystem::path& path, std::string_view function);

enum class Standing { faster, tie, slower };

struct AnchorComparison {
  const AnchorCell* cell = nullptr;
  const BenchRow* row = nullptr;
  double ratio = 0;   // our time over the best
  double spread = 0;  // |ratio - 1| up to here is a tie
  Standing standing = Standing::tie;
};

// Every cell that a row of ours stands for: the planner's choice ("auto") where it was timed, else
// the fastest. f16 rows inside the accuracy gates only.
std::vector<AnchorComparison> compare_with(const Anchors& anchors,
                                           const std::vector<BenchRow>& rows);

}  // namespace halfbyte::bench
