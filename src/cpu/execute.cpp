#include "cpu/execute.h"

#include <cstring>

#include "core/schedule/schedules.h"
#include "cpu/threads.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cpu {
namespace {

constexpr std::int64_t max_tile_floats = 192 * 64;

// Stream-K's workers belong to the configuration: 16 whatever the threads, so that bits never
// depend on the machine.
constexpr std::int64_t stream_k_workers = 16;

core::TileGrid grid_of(const LinearProblem& p, const GemmConfig& c) {
  return {p.m, p.n, c.tile_m, c.tile_n};
}

template <class F>
auto with_schedule(const LinearProblem& p, const GemmConfig& config, F&& body) {
  const core::Extent extent{grid_of(p, config).tiles(),
                            static_cast<std::int64_t>(n16_of(*p.w).chunks.size())};
  const core::Problems problems{&extent, 1};
  switch (config.schedule) {
    case Schedule::split_k:
      return body(core::SplitK{problems, config.split});
    case Schedule::stream_k:
      return body(core::StreamK{problems, stream_k_workers});
    default:
      return body(core::DataParallel{problems});
  }
}

constexpr std::size_t align_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

// Where things lie in the workspace.
struct Workspace {
  std::size_t bias;
  std::size_t partials;
  std::size_t end;
};

Workspace lay_out(const TileKernel& kernel, const LinearProblem& p, const GemmConfig& config) {
  const std::int64_t places = with_schedule(p, config, [](auto s) { return s.partials(); });
  Workspace w{};
  w.bias = align_up(kernel.prepared_bytes(p, n16_of(*p.w)));
  const std::size_t bias =
      p.bias.data == nullptr ? 0 : static_cast<std::size_t>(p.n) * sizeof(float);
  w.partials = w.bias + align_up(bias);
  w.end = w.partials + static_cast<std::size_t>(places) * static_cast<std::size_t>(config.tile_m) *
                           static_cast<std::size_t>(config.tile_n) * sizeof(float);
  return w;
}

// Rounds a finished tile into y.
void store_tile(const TileKernel& kernel, const LinearProblem& p, const core::TileGrid::Tile& tile,
                const float* in, std::int64_t in_stride, const float* bias) {
  const float* tile_bias = bias == nullptr ? nullptr : bias + tile.column;
  const auto size = static_cast<std::int64_t>(size_of(p.y.dtype));
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    auto* out = static_cast<std::byte*>(p.y.data) +
                ((tile.row + r) * p.y.strides[0] + tile.column * p.y.strides[1]) * size;
    if (p.y.strides[1] == 1) {
      kernel.store_row(in + r * in_stride, tile_bias, out, p.y.dtype, tile.columns);
      continue;
    }
    alignas(64) std::byte row[64 * sizeof(float)];
    kernel.store_row(in + r * in_stride, tile_bias, row, p.y.dtype, tile.columns);
    for (std::int64_t c = 0; c < tile.columns; ++c) {
      std::memcpy(out + c * p.y.strides[1] * size, row + c * size, static_cast<std::size_t>(size));
    }
  }
}

template <class S>
void run_schedule(const TileKernel& kernel, const LinearProblem& p, const GemmConfig& config,
                  const S& schedule, const void* x, const float* bias, float* partials) {
  const core::TileGrid grid = grid_of(p, config);
  const std::int64_t stride = config.tile_n;
  const std::int64_t tile_floats = config.tile_m * stride;
  const N16& w = n16_of(*p.w);

  parallel_for(schedule.workers(), [&](std::int64_t worker) {
    alignas(64) float sums[max_tile_floats];
    for (std::int64_t i = 0; i < schedule.items(worker); ++i) {
      const core::WorkItem item = schedule.item(worker, i);
      const auto tile = grid.tile(item.local_tile);
      float* out = item.partial < 0 ? sums : partials + item.partial * tile_floats;
      std::memset(out, 0, static_cast<std::size_t>(tile.rows * stride) * sizeof(float));
      kernel.tile({.problem = &p,
                   .w = &w,
                   .x = x,
                   .row = tile.row,
                   .rows = tile.rows,
                   .column = tile.column,
                   .columns = tile.columns,
                   .k = item.k,
                   .out = out,
                   .out_stride = stride});
      if (item.partial < 0) store_tile(kernel, p, tile, out, stride, bias);
    }
  });
  if (schedule.partials() == 0) return;

  parallel_for(grid.tiles(), [&](std::int64_t t) {
    const std::int64_t slices = schedule.slices(t);
    if (slices == 1) return;
    const auto tile = grid.tile(t);
    float* sum = partials + schedule.partial(t, 0) * tile_floats;
    for (std::int64_t s = 1; s < slices; ++s) {
      const float* slice = partials + schedule.partial(t, s) * tile_floats;
      for (std::int64_t i = 0; i < tile.rows * stride; ++i) sum[i] += slice[i];
    }
    store_tile(kernel, p, tile, sum, stride, bias);
  });
}

}  // namespace

std::size_t execute_workspace(const TileKernel& kernel, const LinearProblem& problem,
                              const GemmConfig& config) {
  return lay_out(kernel, problem, config).end;
}

std::int64_t execute_workers(const LinearProblem& problem, const GemmConfig& config) {
  return with_schedule(problem, config, [](auto schedule) { return schedule.workers(); });
}

void execute(const TileKernel& kernel, const LinearProblem& problem, const GemmConfig& config,
             void* workspace) {
  const N16& w = n16_of(*problem.w);
  const Workspace where = lay_out(kernel, problem, config);
  auto* memory = static_cast<std::byte*>(workspace);
  void* x = memory;
  float* bias = nullptr;
  if (problem.bias.data != nullptr) {
    bias = reinterpret_cast<float*>(memory + where.bias);
    for (std::int64_t i = 0; i < problem.n; ++i) {
      bias[i] = static_cast<float>(
          load_element(problem.bias.data, problem.bias.dtype, i * problem.bias.strides[0]));
    }
  }
  parallel_for(kernel.prepare_parts(problem, w),
               [&](std::int64_t part) { kernel.prepare(problem, w, part, x); });
  auto* partials = reinterpret_cast<float*>(memory + where.partials);
  with_schedule(problem, config, [&](auto schedule) {
    run_schedule(kernel, problem, config, schedule, x, bias, partials);
  });
}

}  // namespace halfbyte::cpu
