#include "bench/hadamard_bench.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/commit.h"
#include "bench/copy.h"
#include "bench/hadamard_buffers.h"
#include "halfbyte/threads.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

// Starts the call of a turn.
void run(const HadamardCell& cell, const HadamardBuffers& buffers, HadamardOptions options,
         std::size_t turn, void* stream) {
  options.stream = stream;
  const auto t = static_cast<std::int64_t>(turn);
  if (cell.heads > 0) {
    rotary_hadamard(buffers.x(t), buffers.rotary(), buffers.y(t), options);
  } else {
    hadamard(buffers.x(t), buffers.y(t), options);
  }
}

HadamardPlan plan_of(const HadamardCell& cell, const HadamardBuffers& buffers,
                     const HadamardOptions& options) {
  if (cell.heads == 0) return plan_hadamard(buffers.x(0), buffers.y(0), options);
  return plan_rotary_hadamard(buffers.x(0), buffers.rotary(), buffers.y(0), options);
}

// Fills in the times of the calls and of the copies between them.
void time(const HadamardCell& cell, const HadamardBuffers& buffers, const HadamardOptions& options,
          const HadamardSettings& settings, Timer& timer, HadamardRow& row) {
  const auto turns = static_cast<std::size_t>(buffers.turns());
  const auto calls = timer.series(
      [&](std::size_t turn, void* stream) { run(cell, buffers, options, turn, stream); }, turns);
  std::vector<std::unique_ptr<Timer::Series>> copies;
  for (int way = 0; way < copy_ways(settings.device); ++way) {
    copies.push_back(timer.series(
        [&, way](std::size_t turn, void* stream) {
          const auto t = static_cast<std::int64_t>(turn);
          // In place a copy goes to the buffer of the next turn: the bytes are the same.
          copy_bytes(settings.device, way, buffers.x_data(t),
                     static_cast<std::size_t>(buffers.x_bytes()),
                     buffers.y_data(cell.in_place ? t + 1 : t),
                     static_cast<std::size_t>(buffers.y_bytes()), stream);
        },
        turns));
  }
  constexpr int rounds = 6;
  for (int i = 0; i < rounds; ++i) {
    calls->round(settings.cell_ms * 1000 / rounds);
    for (auto& copy : copies) copy->round(settings.cell_ms * 500 / rounds);
  }
  const Spread us = calls->us();
  row.us_median = us.median;
  row.us_p10 = us.p10;
  row.us_p90 = us.p90;
  row.samples = static_cast<std::int64_t>(us.samples);
  row.calls_per_sample = static_cast<std::int64_t>(calls->calls_per_sample());
  row.copy_us = copies.front()->us().median;
  for (const auto& copy : copies) row.copy_us = std::min(row.copy_us, copy->us().median);
  row.gbps = row.bytes / row.us_median / 1000;
  row.copy_gbps = row.bytes / row.copy_us / 1000;
  row.frac_copy = row.copy_us / row.us_median;
}

HadamardRow bench_cell(const HadamardCell& cell, const HadamardSettings& settings, Timer& timer) {
  const HadamardBuffers buffers(cell, settings.device, settings.rotate_bytes);
  HadamardOptions options{.kernel = settings.kernel};
  if (settings.fast) options.precision = HadamardPrecision::fast;
  if (cell.out != "same") options.scales = buffers.scale();
  const HadamardPlan plan = plan_of(cell, buffers, options);
  const DeviceMemory workspace(settings.device, plan.workspace_bytes);
  options.workspace = workspace.data();
  options.workspace_bytes = workspace.size();

  run(cell, buffers, options, 0, nullptr);
  synchronize(settings.device);
  HadamardRow row{.op = cell.heads > 0 ? "rotary_hadamard" : "hadamard",
                  .device = settings.device.type == DeviceType::cpu
                                ? "cpu"
                                : "cuda:" + std::to_string(settings.device.index),
                  .device_name = device_info(settings.device).name,
                  .kernel = plan.kernel,
                  .n = cell.n,
                  .rows = cell.rows,
                  .heads = cell.heads,
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
  time(cell, buffers, options, settings, timer, row);
  return row;
}

// Whole rows, of whole tokens; 0 where there are too few elements.
std::int64_t rows_of(std::int64_t elements, std::int64_t n, std::int64_t heads) {
  const std::int64_t rows = elements / n;
  return heads == 0 ? rows : rows / heads * heads;
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
            const HadamardCell cell{
                n, rows_of(elements, n, settings.heads), dtype, out, in_place, settings.heads};
            // The copy kernel of a GPU writes no less than a quarter of what it reads.
            const bool copied =
                settings.device.type == DeviceType::cpu || dtype != DType::f32 || out != "int4";
            const bool fits = cell.rows > 0 && copied && !(in_place && out != "same");
            if (fits) rows.push_back(bench_cell(cell, settings, timer));
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
                                        {"heads", r.heads},
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
