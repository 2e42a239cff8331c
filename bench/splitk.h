// The experiment of arXiv 2402.00025: how much dividing k gains over data-parallel tiling, on the
// device at hand. Rows of one shape and m are compared in two ways:
//   same tile   a schedule at its fastest tile over data-parallel with that same tile
//   best tile   a schedule at its fastest tile over data-parallel at its own fastest tile
// The first is what the paper reports; a baseline with a poor tile makes it look larger than the
// second, which is what a user gains.
#pragma once

#include <string>
#include <vector>

#include "bench/linear_bench.h"
#include "bench/rows.h"

namespace halfbyte::bench {

// Every tile of the kernel that the planner takes for split-K (for split-K with atomics its own),
// under each schedule and split. Split 1 is data-parallel. With `kernel`, that one's.
ChooseVariants every_tile(std::vector<Variant> schedules, std::string kernel);

// One shape and m. Splits of one schedule compete: a schedule's row is its fastest.
struct SplitKCell {
  const BenchRow* data_parallel = nullptr;  // at its best tile
  struct Other {
    const BenchRow* row = nullptr;                      // at its best tile and split
    const BenchRow* data_parallel_same_tile = nullptr;  // null: not measured
    double over_same_tile() const;                      // 1.3: 30 % faster; 0: not known
    double over_best_tile(const SplitKCell& cell) const;
  };
  std::vector<Other> others;  // one for each other schedule, in the order of the rows
};
std::vector<SplitKCell> splitk_cells(const std::vector<BenchRow>& rows);

// Over all cells, as the paper averages: the mean of the gains in percent.
struct Gain {
  std::string schedule;
  bool same_tile = false;
  double average = 0, peak = 0;  // 0.3: 30 % faster
  std::size_t cells = 0;
};
std::vector<Gain> gains(const std::vector<SplitKCell>& cells);

std::string tile_name(const BenchRow& row);  // "16x64x128 s4 w4"

// What was published, and measured again, beside what is at hand.
struct PublishedGain {
  const char* what;
  const char* average;
  const char* peak;
};
const std::vector<PublishedGain>& published_gains();

// Two tables: every row at the best tile of its schedule and split, and the gains.
std::string splitk_markdown(const std::vector<BenchRow>& rows);
// One self-contained page with charts.
std::string splitk_html(const std::vector<BenchRow>& rows, const std::string& command);

}  // namespace halfbyte::bench
