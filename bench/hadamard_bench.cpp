#include "bench/hadamard_bench.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/commit.h"
#include "bench/copy.h"
#include "bench/device_copy.h"
#include "core/hadamard/signs.h"
#include "halfbyte/numeric.h"
#include "halfbyte/threads.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

constexpr std::int64_t page = 4096;  // what copy_bytes() wants

struct Cell {
  std::int64_t n, rows;
  DType dtype;
  std::string out;
  bool in_place;
};

DType out_type(const Cell& cell) {
  if (cell.out == "e4m3") return DType::e4m3;
  if (cell.out == "e5m2") return DType::e5m2;
  if (cell.out == "int8") return DType::i8;
  return cell.out == "int4" ? DType::u8 : cell.dtype;
}

// The memory of one cell's calls, `turns` copies of x and y.
class Buffers {
 public:
  Buffers(const Cell& cell, const HadamardSettings& settings)
      : cell_(cell),
        device_(settings.device),
        x_bytes_(cell.rows * cell.n * static_cast<std::int64_t>(size_of(cell.dtype))),
        y_bytes_(cell.rows * columns() * static_cast<std::int64_t>(size_of(out_type(cell)))),
        x_step_((x_bytes_ + page - 1) / page * page),
        y_step_((y_bytes_ + page - 1) / page * page) {
    const std::int64_t a_turn = x_step_ + (cell.in_place ? 0 : y_step_);
    const auto wanted = static_cast<std::int64_t>(settings.rotate_bytes);
    turns_ = std::max<std::int64_t>(2, (wanted + a_turn - 1) / a_turn);
    x_host_.resize(static_cast<std::size_t>(x_bytes_));
    std::uint64_t state = 1;  // uniform in -1 ... 1: the values cost a kernel nothing
    for (std::int64_t i = 0; i < cell.rows * cell.n; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      store_element(x_host_.data(), cell.dtype, i,
                    static_cast<double>(state >> 40) * 0x1p-23 - 1.0);
    }
    memory_ = DeviceMemory(device_, static_cast<std::size_t>(turns_ * a_turn + page));
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    base_ = static_cast<std::byte*>(memory_.data()) + (page - address % page) % page;
    for (std::int64_t t = 0; t < turns_; ++t) {
      copy_memory(x_data(t), device_, x_host_.data(), {}, x_host_.size());
    }
    const float scale = 0.02F;
    scale_ = DeviceMemory(device_, sizeof scale);
    copy_memory(scale_.data(), device_, &scale, {}, sizeof scale);
  }

  std::int64_t turns() const { return turns_; }
  std::int64_t x_bytes() const { return x_bytes_; }
  std::int64_t y_bytes() const { return y_bytes_; }
  std::int64_t columns() const { return cell_.out == "int4" ? cell_.n / 2 : cell_.n; }
  std::byte* x_data(std::int64_t turn) const { return base_ + turn % turns_ * x_step_; }
  std::byte* y_data(std::int64_t turn) const {
    return cell_.in_place ? x_data(turn) : base_ + turns_ * x_step_ + turn % turns_ * y_step_;
  }
  TensorView x(std::int64_t turn) const {
    return TensorView::matrix(x_data(turn), cell_.dtype, cell_.rows, cell_.n, -1, device_);
  }
  TensorView y(std::int64_t turn) const {
    return TensorView::matrix(y_data(turn), out_type(cell_), cell_.rows, columns(), -1, device_);
  }
  TensorView scale() const { return TensorView::vector(scale_.data(), DType::f32, 1, device_); }

  // The largest error of the first, middle and last row over its bound, after a call on turn 0.
  double error_over_bound() const {
    if (cell_.out != "same") return 0;
    const core::HadamardSize size = core::hadamard_size(cell_.n);
    std::vector<std::byte> got(static_cast<std::size_t>(y_bytes_));
    copy_memory(got.data(), {}, y_data(0), device_, got.size());
    double worst = 0;
    for (const std::int64_t row : {std::int64_t{0}, cell_.rows / 2, cell_.rows - 1}) {
      double magnitude = 0;
      std::vector<double> x(static_cast<std::size_t>(cell_.n));
      for (std::int64_t i = 0; i < cell_.n; ++i) {
        x[static_cast<std::size_t>(i)] =
            load_element(x_host_.data(), cell_.dtype, row * cell_.n + i);
        magnitude += std::fabs(x[static_cast<std::size_t>(i)]);
      }
      const double scale = 1 / std::sqrt(static_cast<double>(cell_.n));
      const double unit = cell_.dtype == DType::f16    ? 0x1p-11
                          : cell_.dtype == DType::bf16 ? 0x1p-8
                                                       : 0x1p-24;
      const double tiny = cell_.dtype == DType::f16 ? 0x1p-25 : 0x1p-134;
      const double additions = size.p + size.q / 4 + 8;
      // Every 61st output from the definition: n^2 / 61 additions a row.
      for (std::int64_t i = row % 61; i < cell_.n; i += std::min<std::int64_t>(61, cell_.n)) {
        double sum = 0;
        for (std::int64_t j = 0; j < cell_.n; ++j) {
          sum += core::hadamard_entry(size, i, j) * x[static_cast<std::size_t>(j)];
        }
        const double bound =
            unit * std::fabs(scale * sum) + tiny + additions * 0x1p-23 * scale * magnitude;
        const double error =
            std::fabs(load_element(got.data(), cell_.dtype, row * cell_.n + i) - scale * sum);
        if (!(error / bound <= worst)) worst = error / bound;  // NaN stays
      }
    }
    return worst;
  }

 private:
  Cell cell_;
  Device device_;
  std::int64_t x_bytes_, y_bytes_, x_step_, y_step_, turns_ = 2;
  std::vector<std::byte> x_host_;
  DeviceMemory memory_, scale_;
  std::byte* base_ = nullptr;
};

HadamardRow bench_cell(const Cell& cell, const HadamardSettings& settings, Timer& timer) {
  const Buffers buffers(cell, settings);
  HadamardOptions options{.kernel = settings.kernel};
  if (settings.fast) options.precision = HadamardPrecision::fast;
  if (cell.out != "same") options.scales = buffers.scale();
  const HadamardPlan plan = plan_hadamard(buffers.x(0), buffers.y(0), options);
  const DeviceMemory workspace(settings.device, plan.workspace_bytes);
  options.workspace = workspace.data();
  options.workspace_bytes = workspace.size();

  hadamard(buffers.x(0), buffers.y(0), options);
  synchronize(settings.device);
  HadamardRow row{.device = settings.device.type == DeviceType::cpu
                                ? "cpu"
                                : "cuda:" + std::to_string(settings.device.index),
                  .device_name = device_info(settings.device).name,
                  .kernel = plan.kernel,
                  .n = cell.n,
                  .rows = cell.rows,
                  .elements = cell.rows * cell.n,
                  .dtype = std::string(name(cell.dtype)),
                  .out = cell.out == "same" ? std::string(name(cell.dtype)) : cell.out,
                  .in_place = cell.in_place,
                  .fast = settings.fast,
                  .threads = num_threads(),
                  .commit = source_commit()};
  row.max_err_over_bound = buffers.error_over_bound();
  row.ok = row.max_err_over_bound <= 1;
  row.bytes = static_cast<double>(buffers.x_bytes() + buffers.y_bytes());
  row.rotated_bytes =
      static_cast<double>(buffers.turns()) * (cell.in_place ? row.bytes / 2 : row.bytes);

  const auto turns = static_cast<std::size_t>(buffers.turns());
  const auto calls = timer.series(
      [&](std::size_t turn, void* stream) {
        HadamardOptions on_stream = options;
        on_stream.stream = stream;
        const auto t = static_cast<std::int64_t>(turn);
        hadamard(buffers.x(t), buffers.y(t), on_stream);
      },
      turns);
  const auto copies = timer.series(
      [&](std::size_t turn, void* stream) {
        const auto t = static_cast<std::int64_t>(turn);
        // In place a copy goes to the buffer of the next turn: the bytes are the same.
        copy_bytes(settings.device, buffers.x_data(t), static_cast<std::size_t>(buffers.x_bytes()),
                   buffers.y_data(cell.in_place ? t + 1 : t),
                   static_cast<std::size_t>(buffers.y_bytes()), stream);
      },
      turns);
  constexpr int rounds = 6;
  for (int i = 0; i < rounds; ++i) {
    calls->round(settings.cell_ms * 1000 / rounds);
    copies->round(settings.cell_ms * 500 / rounds);
  }
  const Spread us = calls->us();
  row.us_median = us.median;
  row.us_p10 = us.p10;
  row.us_p90 = us.p90;
  row.samples = static_cast<std::int64_t>(us.samples);
  row.calls_per_sample = static_cast<std::int64_t>(calls->calls_per_sample());
  row.copy_us = copies->us().median;
  row.gbps = row.bytes / row.us_median / 1000;
  row.copy_gbps = row.bytes / row.copy_us / 1000;
  row.frac_copy = row.copy_us / row.us_median;
  return row;
}

}  // namespace

std::vector<HadamardRow> bench_hadamard(const HadamardSettings& settings, Timer& timer,
                                        const std::function<void()>& step) {
  std::vector<HadamardRow> rows;
  for (const std::int64_t n : settings.n) {
    for (const std::int64_t elements : settings.elements) {
      for (const DType dtype : settings.dtypes) {
        for (const std::string& out : settings.out) {
          for (const bool in_place : settings.in_place) {
            const bool fits = elements >= n && !(in_place && out != "same");
            if (fits) {
              rows.push_back(bench_cell({n, elements / n, dtype, out, in_place}, settings, timer));
            }
            if (step) step();
          }
        }
      }
    }
  }
  return rows;
}

std::string to_json(const std::vector<HadamardRow>& rows) {
  std::string text = "[";
  for (const HadamardRow& r : rows) {
    const nlohmann::ordered_json row = {{"op", r.op},
                                        {"device", r.device},
                                        {"device_name", r.device_name},
                                        {"kernel", r.kernel},
                                        {"n", r.n},
                                        {"rows", r.rows},
                                        {"elements", r.elements},
                                        {"dtype", r.dtype},
                                        {"out", r.out},
                                        {"in_place", r.in_place},
                                        {"fast", r.fast},
                                        {"threads", r.threads},
                                        {"us_median", r.us_median},
                                        {"us_p10", r.us_p10},
                                        {"us_p90", r.us_p90},
                                        {"samples", r.samples},
                                        {"calls_per_sample", r.calls_per_sample},
                                        {"bytes", r.bytes},
                                        {"gbps", r.gbps},
                                        {"copy_us", r.copy_us},
                                        {"copy_gbps", r.copy_gbps},
                                        {"frac_copy", r.frac_copy},
                                        {"rotated_bytes", r.rotated_bytes},
                                        {"max_err_over_bound", r.max_err_over_bound},
                                        {"ok", r.ok},
                                        {"commit", r.commit}};
    text += (text.size() > 1 ? ",\n " : "\n ") + row.dump();
  }
  return text + "\n]\n";
}

std::string to_markdown(const std::vector<HadamardRow>& rows) {
  std::ostringstream out;
  out << "| n | elements | x | y | place | kernel | us | GB/s | copy GB/s | of copy | err/bound |\n"
         "|--:|--:|---|---|---|---|--:|--:|--:|--:|--:|\n";
  char line[512];
  for (const HadamardRow& r : rows) {
    std::snprintf(line, sizeof line,
                  "| %lld | %lld | %s | %s | %s | %s | %.2f | %.1f | %.1f | %.2f | %.2f |\n",
                  static_cast<long long>(r.n), static_cast<long long>(r.elements), r.dtype.c_str(),
                  r.out.c_str(), r.in_place ? "in" : "out", r.kernel.c_str(), r.us_median, r.gbps,
                  r.copy_gbps, r.frac_copy, r.max_err_over_bound);
    out << line;
  }
  return out.str();
}

}  // namespace halfbyte::bench
