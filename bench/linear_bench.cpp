#include "bench/linear_bench.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "bench/commit.h"
#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "bench/random_data.h"
#include "bench/timing.h"
#include "halfbyte/threads.h"
#include "halfbyte/workspace.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

constexpr std::size_t rounds = 4;
constexpr std::size_t calls_a_round = 2;

// Codes, scales and offsets of a weight as a file or a packed form has to hold them.
double weight_bytes(const QuantizedWeight& w) {
  const auto cells = static_cast<double>(w.groups) * static_cast<double>(w.n);
  double bytes = static_cast<double>(w.k) * static_cast<double>(w.n) * w.bits / 8;
  bytes += cells * static_cast<double>(size_of(w.scale_dtype));
  if (w.zero_kind == ZeroKind::integer) bytes += cells * w.bits / 8;
  if (w.zero_kind == ZeroKind::real || w.zero_kind == ZeroKind::minimum) {
    bytes += cells * static_cast<double>(size_of(w.scale_dtype));
  }
  return bytes;
}

// The packed weights, and then copies of them in the same order until there are `bytes`.
std::vector<PackedWeight> pack_rotation(const BenchShape& shape, Device device, std::size_t bytes) {
  std::vector<PackedWeight> rotation;
  std::size_t held = 0;
  while (rotation.size() < shape.weights.size() || held < bytes) {
    rotation.push_back(pack(shape.weights[rotation.size() % shape.weights.size()], device));
    if (rotation.back().bytes() == 0) break;  // a shape without weights has nothing to rotate
    held += rotation.back().bytes();
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
  Samples us;
};

// All cells of one shape, type and m.
class Block {
 public:
  Block(const BenchShape& shape, const std::vector<PackedWeight>& rotation,
        const BenchSettings& settings, const TensorView& x, const TensorView& y)
      : shape_(shape), rotation_(rotation), settings_(settings), x_(x), y_(y) {
    for (const Variant& variant : settings.variants) add_cell(variant);
  }

  void check(References& references) {
    for (Cell& cell : cells_) {
      cell.row.ok = true;
      for (std::size_t i = 0; i < shape_.weights.size(); ++i) {
        const Oracle& oracle = references.of(i, cell.plan.rounding);
        // NaN in y and in the scratch memory: what a kernel leaves out cannot pass.
        std::memset(y_.data, 0xff, static_cast<std::size_t>(y_.elements()) * size_of(y_.dtype));
        if (workspace_.size() > 0) std::memset(workspace_.data(), 0xff, workspace_.size());
        run(cell, rotation_[i]);
        const Verdict verdict =
            compare(y_, oracle.y64.data(), oracle.a.data(),
                    {.k = shape_.weights[i].k, .splits = partial_sums(cell.plan.config)});
        cell.row.ok = cell.row.ok && verdict.ok;
        cell.row.rel_l2_err = std::max(cell.row.rel_l2_err, verdict.rel_l2);
        cell.row.max_err_over_bound =
            std::max(cell.row.max_err_over_bound, verdict.max_err_over_bound);
      }
    }
  }

  void time(Probes& probes, const std::function<void()>& step) {
    ProbeSamples machine;
    probes.pass(machine);
    const double budget_us = settings_.cell_ms * 1000 / rounds;
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < cells_.size(); ++i) {
        // Every other round in reverse: no schedule always follows the same neighbour.
        Cell& cell = cells_[round % 2 == 0 ? i : cells_.size() - 1 - i];
        turn_ = time_turns(turn_, budget_us, calls_a_round, cell.us, [&](std::size_t turn) {
          run(cell, rotation_[turn % rotation_.size()]);
        });
      }
      probes.pass(machine);
    }
    const Probes::Rates rates = probes.rates(machine);
    for (Cell& cell : cells_) {
      fill_times(cell, rates.read_gbps, rates.fma_gmacs);
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
    cell.plan = plan_linear(x_, w, y_, cell.options);
    workspace_.reserve(cell.plan.workspace_bytes);

    BenchRow& row = cell.row;
    const DeviceInfo& device = device_info(settings_.device);
    row.layer = shape_.layer;
    row.layers = static_cast<std::int64_t>(shape_.weights.size());
    row.backend = settings_.device.type == DeviceType::cpu ? "cpu" : "cuda";
    row.device = row.backend;
    if (settings_.device.type == DeviceType::cuda) {
      row.device += ":" + std::to_string(settings_.device.index);
    }
    row.device_name = device.name;
    row.kernel = cell.plan.kernel;
    row.requested = name(variant.schedule);
    row.schedule = name(cell.plan.config.schedule);
    row.split = cell.plan.config.split;
    row.m = x_.shape[0];
    row.n = w.n();
    row.k = w.k();
    row.group = w.group_size();
    row.bits = w.bits();
    row.dtype = name(x_.dtype);
    row.threads = num_threads();
    row.bytes = weight_bytes(shape_.weights.front()) +
                static_cast<double>((row.m * row.k + row.m * row.n)) *
                    static_cast<double>(size_of(x_.dtype));
    for (const PackedWeight& copy : rotation_) {
      row.rotated_bytes += static_cast<double>(copy.bytes());
    }
    row.commit = source_commit();
    cells_.push_back(std::move(cell));
  }

  // Partial sums that meet in an output: for stream-K at most one per step of k.
  std::int64_t partial_sums(const GemmConfig& config) const {
    if (config.schedule != Schedule::stream_k) return config.split;
    return config.tile_k > 0 ? (x_.shape[1] + config.tile_k - 1) / config.tile_k : x_.shape[1];
  }

  void run(Cell& cell, const PackedWeight& w) {
    cell.options.workspace = workspace_.data();
    cell.options.workspace_bytes = workspace_.size();
    linear(x_, w, y_, cell.options);
  }

  static void fill_times(Cell& cell, double read_gbps, double fma_gmacs) {
    const Spread spread = cell.us.summary();
    BenchRow& row = cell.row;
    row.us_median = spread.median;
    row.us_p10 = spread.p10;
    row.us_p90 = spread.p90;
    row.samples = static_cast<std::int64_t>(spread.samples);
    row.gbps = row.bytes / row.us_median / 1000;
    row.read_gbps = read_gbps;
    row.frac_read_bw = row.gbps / read_gbps;
    row.fma_gmacs = fma_gmacs;
    const double macs =
        static_cast<double>(row.m) * static_cast<double>(row.n) * static_cast<double>(row.k);
    row.bound_us = std::max(row.bytes / read_gbps, macs / fma_gmacs) / 1000;
    row.us_over_bound = row.us_median / row.bound_us;
  }

  const BenchShape& shape_;
  const std::vector<PackedWeight>& rotation_;
  const BenchSettings& settings_;
  TensorView x_, y_;
  Workspace workspace_;
  std::vector<Cell> cells_;
  std::size_t turn_ = 0;
};

}  // namespace

void refuse_unsupported(const BenchSettings& settings) {
  const PackedWeight w = pack(random_weight(64, 64, 32, 0), settings.device);
  for (const DType dtype : settings.dtypes) {
    const std::vector<std::byte> x = random_rows(1, 64, dtype);
    std::vector<std::byte> y(x.size());
    for (const Variant& variant : settings.variants) {
      (void)plan_linear(TensorView::matrix(x.data(), dtype, 1, 64), w,
                        TensorView::matrix(y.data(), dtype, 1, 64),
                        {.schedule = variant.schedule, .split = variant.split});
    }
  }
}

std::vector<BenchRow> bench_linear(const BenchShape& shape, const BenchSettings& settings,
                                   Probes& probes, const std::function<void()>& step) {
  const std::int64_t k = shape.weights.front().k, n = shape.weights.front().n;
  const std::int64_t largest_m = *std::max_element(settings.m.begin(), settings.m.end());
  const std::vector<PackedWeight> rotation =
      pack_rotation(shape, settings.device, settings.rotate_bytes);
  std::vector<BenchRow> rows;
  for (const DType dtype : settings.dtypes) {
    const std::vector<std::byte> x = random_rows(largest_m, k, dtype);
    std::vector<std::byte> y(static_cast<std::size_t>(largest_m * n) * size_of(dtype));
    References references(shape, TensorView::matrix(x.data(), dtype, largest_m, k));
    for (const std::int64_t m : settings.m) {
      Block block(shape, rotation, settings, TensorView::matrix(x.data(), dtype, m, k),
                  TensorView::matrix(y.data(), dtype, m, n));
      block.check(references);
      block.time(probes, step);
      block.append_rows(rows);
    }
  }
  return rows;
}

}  // namespace halfbyte::bench
