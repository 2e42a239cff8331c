#include "bench/linear_bench.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "bench/compare_result.h"
#include "bench/describe.h"
#include "bench/operands.h"
#include "bench/oracle.h"
#include "bench/random_data.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

constexpr std::size_t rounds = 4;
// Of small weights fewer bytes turn than asked for, for a graph of more calls takes longer to make
// than to time; `rotated_bytes` says how many. 512^2 in 4 bits: 138 MB, 2.2 times an H200's L2.
constexpr std::size_t most_copies_on_a_gpu = 1024;
// A tile that is this much slower than another under the same schedule and split, after the first
// round, has lost: the later rounds are for those that are close.
constexpr double lost = 1.3;

// The packed weights, and then copies of them in the same order until there are `bytes`.
std::vector<PackedWeight> pack_rotation(const BenchShape& shape, Device device, std::size_t bytes) {
  std::vector<PackedWeight> rotation;
  std::size_t held = 0;
  while (rotation.size() < shape.weights.size() || held < bytes) {
    rotation.push_back(pack(shape.weights[rotation.size() % shape.weights.size()], device));
    if (rotation.back().bytes() == 0) break;  // a shape without weights has nothing to rotate
    held += rotation.back().bytes();
    if (device.type == DeviceType::cuda && rotation.size() == most_copies_on_a_gpu) break;
  }
  return rotation;
}

// The float64 references of all weights, made when the first kernel needs them: one set for each
// way of rounding weights, for the largest m.
class References {
 public:
  References(const BenchShape& shape, const TensorView& x) : shape_(shape), x_(x) {}
  const Oracle& of(std::size_t weight, WeightRounding rounding) {
    auto& set = sets_[rounding];
    if (set.empty()) {
      for (const QuantizedWeight& w : shape_.weights) set.push_back(make_oracle(w, x_, rounding));
    }
    return set[weight];
  }

 private:
  const BenchShape& shape_;
  TensorView x_;
  std::map<WeightRounding, std::vector<Oracle>> sets_;
};

// One row in the making.
struct Cell {
  LinearOptions options;
  LinearPlan plan;
  BenchRow row;
  std::unique_ptr<Timer::Series> times;
};

// All cells of one shape, type and m.
class Block {
 public:
  Block(const BenchShape& shape, const std::vector<PackedWeight>& rotation,
        const BenchSettings& settings, Operands& operands, std::int64_t m)
      : shape_(shape), rotation_(rotation), settings_(settings), operands_(operands), m_(m) {
    variants_ = settings.choose_variants
                    ? settings.choose_variants(operands.x(m), rotation.front(), operands.y(m))
                    : settings.variants;
    for (const Variant& variant : variants_) add_cell(variant);
    for (Cell& cell : cells_) operands_.give_workspace(cell.options);
  }

  void check(References& references) {
    for (Cell& cell : cells_) {
      cell.row.ok = true;
      for (std::size_t i = 0; i < shape_.weights.size(); ++i) {
        const Oracle& oracle = references.of(i, cell.plan.rounding);
        operands_.poison();
        run(cell, rotation_[i]);
        const Verdict verdict =
            compare(operands_.read_y(m_), oracle.y64.data(), oracle.a.data(),
                    {.k = shape_.weights[i].k, .splits = partial_sums(cell.plan.config)});
        cell.row.ok = cell.row.ok && verdict.ok;
        cell.row.rel_l2_err = std::max(cell.row.rel_l2_err, verdict.rel_l2);
        cell.row.max_err_over_bound =
            std::max(cell.row.max_err_over_bound, verdict.max_err_over_bound);
      }
    }
  }

  void time(Timer& timer, const std::function<void()>& step) {
    timer.probe();
    for (Cell& cell : cells_) {
      const auto run_turn = [this, &cell](std::size_t turn, void* stream) {
        run(cell, rotation_[turn % rotation_.size()], stream);
      };
      cell.times = timer.series(run_turn, rotation_.size());
    }
    std::vector<Cell*> timed;
    for (Cell& cell : cells_) timed.push_back(&cell);
    for (std::size_t round = 0; round < rounds; ++round) {
      for (Cell* cell : timed) cell->times->round(settings_.cell_ms * 1000 / rounds);
      timer.probe();
      if (round == 0) drop_lost(timed);
      // Every other round in reverse: no schedule always follows the same neighbour.
      std::reverse(timed.begin(), timed.end());
    }
    const Timer::Rates rates = timer.rates();
    for (Cell& cell : cells_) {
      fill_times(cell, rates);
      if (step) step();
    }
  }

  void append_rows(std::vector<BenchRow>& rows) const {
    for (const Cell& cell : cells_) rows.push_back(cell.row);
  }

 private:
  void add_cell(const Variant& variant) {
    const PackedWeight& w = rotation_.front();
    Cell cell;
    cell.options.schedule = variant.schedule;
    cell.options.split = variant.split;
    cell.options.kernel = variant.kernel;
    cell.options.config = variant.config ? &*variant.config : nullptr;
    cell.options.overlaps = settings_.overlaps;
    cell.options.batch_invariant = settings_.batch_invariant;
    cell.plan = plan_linear(operands_.x(m_), w, operands_.y(m_), cell.options);
    operands_.reserve_workspace(cell.plan.workspace_bytes);
    cell.row = describe(variant.schedule, cell.plan, operands_.x(m_), rotation_, shape_.weights[0]);
    cell.row.layer = shape_.layer;
    cell.row.batch_invariant = settings_.batch_invariant;
    cell.row.overlaps = settings_.overlaps && settings_.device.type == DeviceType::cuda &&
                        cell.plan.config.schedule != Schedule::split_k_atomic;
    cell.row.layers = static_cast<std::int64_t>(shape_.weights.size());
    cells_.push_back(std::move(cell));
  }

  static void drop_lost(std::vector<Cell*>& timed) {
    const auto division = [](const Cell& c) {
      return std::pair(c.options.schedule, c.options.split);
    };
    std::map<std::pair<Schedule, std::int64_t>, double> best;
    for (const Cell* cell : timed) {
      const double us = cell->times->us().median;
      const auto [at, is_new] = best.emplace(division(*cell), us);
      at->second = std::min(at->second, us);
    }
    std::erase_if(timed, [&](const Cell* cell) {
      return cell->times->us().median > lost * best.at(division(*cell));
    });
  }

  // Partial sums that meet in an output: for stream-K at most one per step of k.
  std::int64_t partial_sums(const GemmConfig& config) const {
    if (config.schedule != Schedule::stream_k) return config.split;
    const std::int64_t k = rotation_.front().k();
    return config.tile_k > 0 ? (k + config.tile_k - 1) / config.tile_k : k;
  }

  void run(Cell& cell, const PackedWeight& w, void* stream = nullptr) {
    cell.options.stream = stream;
    linear(operands_.x(m_), w, operands_.y(m_), cell.options);
  }

  void fill_times(Cell& cell, const Timer::Rates& rates) const {
    const Spread spread = cell.times->us();
    BenchRow& row = cell.row;
    row.us_median = spread.median;
    row.us_p10 = spread.p10;
    row.us_p90 = spread.p90;
    row.samples = static_cast<std::int64_t>(spread.samples);
    row.calls_per_sample = static_cast<std::int64_t>(cell.times->calls_per_sample());
    row.gbps = row.bytes / row.us_median / 1000;
    row.read_gbps = rates.read_gbps;
    row.frac_read_bw = row.gbps / row.read_gbps;
    row.fma_gmacs = rates.fma_gmacs;
    const double macs =
        static_cast<double>(row.m) * static_cast<double>(row.n) * static_cast<double>(row.k);
    const double fastest = std::max(rates.fma_gmacs, device_info(settings_.device).mma_gmacs);
    row.bound_us = row.bytes / row.read_gbps / 1000;
    if (fastest > 0) row.bound_us = std::max(row.bound_us, macs / fastest / 1000);
    row.us_over_bound = row.us_median / row.bound_us;
  }

  const BenchShape& shape_;
  const std::vector<PackedWeight>& rotation_;
  const BenchSettings& settings_;
  Operands& operands_;
  std::int64_t m_;
  std::vector<Variant> variants_;  // the cells' options refer to them
  std::vector<Cell> cells_;
};

}  // namespace

void refuse_unsupported(const BenchSettings& settings) {
  const PackedWeight w = pack(random_weight(64, 64, 32, 0), settings.device);
  for (const DType dtype : settings.dtypes) {
    // Plans need no memory.
    const auto rows = TensorView::matrix(nullptr, dtype, 1, 64, -1, settings.device);
    for (const Variant& variant : settings.variants) {
      (void)plan_linear(rows, w, rows, {.schedule = variant.schedule, .split = variant.split});
    }
  }
}

std::vector<BenchRow> bench_linear(const BenchShape& shape, const BenchSettings& settings,
                                   Timer& timer, const std::function<void()>& step) {
  const std::int64_t k = shape.weights.front().k, n = shape.weights.front().n;
  const std::int64_t largest_m = *std::max_element(settings.m.begin(), settings.m.end());
  const std::vector<PackedWeight> rotation =
      pack_rotation(shape, settings.device, settings.rotate_bytes);
  std::vector<BenchRow> rows;
  for (const DType dtype : settings.dtypes) {
    Operands operands(random_rows(largest_m, k, dtype), dtype, largest_m, n, k, settings.device);
    References references(shape, operands.x_on_host());
    for (const std::int64_t m : settings.m) {
      Block block(shape, rotation, settings, operands, m);
      block.check(references);
      block.time(timer, step);
      block.append_rows(rows);
    }
  }
  return rows;
}

}  // namespace halfbyte::bench
