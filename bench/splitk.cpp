#include "bench/splitk.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "bench/table.h"
#include "halfbyte/error.h"

namespace halfbyte::bench {
namespace {

constexpr std::string_view baseline = "data-parallel";

// Without the kernel's name: a schedule may have a kernel of its own, with the same tiles.
auto tile_of(const BenchRow& r) {
  return std::tie(r.tile_m, r.tile_n, r.tile_k, r.stages, r.warps);
}

// Keeps the faster of two.
void keep(const BenchRow*& best, const BenchRow* row) {
  if (best == nullptr || row->us_median < best->us_median) best = row;
}

SplitKCell cell_of(const RowGroup& group) {
  SplitKCell cell;
  for (const BenchRow* row : group.rows) {
    if (row->schedule == baseline) {
      keep(cell.data_parallel, row);
      continue;
    }
    const auto same = std::find_if(cell.others.begin(), cell.others.end(), [&](const auto& other) {
      return other.row->schedule == row->schedule;
    });
    if (same == cell.others.end()) {
      cell.others.push_back({row, nullptr});
    } else {
      keep(same->row, row);
    }
  }
  for (SplitKCell::Other& other : cell.others) {
    for (const BenchRow* row : group.rows) {
      if (row->schedule == baseline && tile_of(*row) == tile_of(*other.row)) {
        other.data_parallel_same_tile = row;
      }
    }
  }
  return cell;
}

}  // namespace

ChooseVariants every_tile(std::vector<Variant> schedules, std::string kernel) {
  return [=](const TensorView& x, const PackedWeight& w, const TensorView& y) {
    const std::string for_split_k =
        !kernel.empty() ? kernel : plan_linear(x, w, y, {.schedule = Schedule::split_k}).kernel;
    std::vector<Variant> variants;
    for (Variant variant : schedules) {
      variant.kernel = for_split_k;
      if (kernel.empty() && variant.schedule == Schedule::split_k_atomic) {
        variant.kernel = plan_linear(x, w, y, {.schedule = variant.schedule}).kernel;
      }
      for (const GemmConfig& config : kernel_menu(variant.kernel)) {
        variant.config = config;
        variants.push_back(variant);
      }
    }
    // A tile that cannot run this problem, or not under this schedule, is left out.
    std::erase_if(variants, [&](const Variant& v) {
      try {
        (void)plan_linear(
            x, w, y,
            {.schedule = v.schedule, .split = v.split, .kernel = v.kernel, .config = &*v.config});
        return false;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
        return true;
      }
    });
    return variants;
  };
}

double SplitKCell::Other::over_same_tile() const {
  return data_parallel_same_tile ? data_parallel_same_tile->us_median / row->us_median : 0;
}

double SplitKCell::Other::over_best_tile(const SplitKCell& cell) const {
  return cell.data_parallel ? cell.data_parallel->us_median / row->us_median : 0;
}

std::vector<SplitKCell> splitk_cells(const std::vector<BenchRow>& rows) {
  std::vector<SplitKCell> cells;
  for (const RowGroup& group : group_rows(rows)) cells.push_back(cell_of(group));
  return cells;
}

std::vector<Gain> gains(const std::vector<SplitKCell>& cells) {
  std::vector<Gain> all;
  for (const bool same_tile : {true, false}) {
    std::map<std::string, Gain> by_schedule;
    for (const SplitKCell& cell : cells) {
      for (const SplitKCell::Other& other : cell.others) {
        const double ratio = same_tile ? other.over_same_tile() : other.over_best_tile(cell);
        if (!(ratio > 0)) continue;
        Gain& gain = by_schedule[other.row->schedule];
        gain.average += ratio - 1;
        gain.peak = gain.cells == 0 ? ratio - 1 : std::max(gain.peak, ratio - 1);
        ++gain.cells;
      }
    }
    for (auto& [schedule, gain] : by_schedule) {
      gain.schedule = schedule;
      gain.same_tile = same_tile;
      gain.average /= static_cast<double>(gain.cells);
      all.push_back(gain);
    }
  }
  return all;
}

std::string tile_name(const BenchRow& row) {
  return std::to_string(row.tile_m) + "x" + std::to_string(row.tile_n) + "x" +
         std::to_string(row.tile_k) + " s" + std::to_string(row.stages) + " w" +
         std::to_string(row.warps);
}

const std::vector<PublishedGain>& published_gains() {
  static const std::vector<PublishedGain> rows = {
      {"published, A100, same kernel", "+65 %", ""},
      {"published, H100, same kernel", "+124 %", "+295 %"},
      {"the authors' kernels on an H200, each at its best tile", "+28 %", "+64 %"},
      {"the authors' kernels on an H200, same tile", "+34 %", "+85 %"},
      {"the authors' kernels on an H200, against the tile of their benchmark file", "+139 %",
       "+205 %"},
  };
  return rows;
}

}  // namespace halfbyte::bench
