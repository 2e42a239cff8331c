#include "cuda/w4a16/launch.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "core/schedule/arrival.h"
#include "core/schedule/schedules.h"
#include "cuda/device_guard.h"
#include "cuda/launch_kernel.h"
#include "cuda/plain.h"
#include "cuda/slab16.h"
#include "ops/packed.h"

namespace halfbyte::cuda::w4a16 {
namespace {

constexpr std::array lists{u4_instances,        u4_atomic_instances, u4_gathered_instances,
                           u4_offset_instances, u8_instances,        u8_gathered_instances,
                           u8_offset_instances, e2m1_instances,      e2m1_gathered_instances};

constexpr std::size_t align_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::size_t counters_bytes(const Division& division) {
  return align_up(static_cast<std::size_t>(division.tiles.count()) * sizeof(std::uint64_t));
}

// Places for one tile's sums each.
std::int64_t places(const Instance& instance, const Division& division) {
  if (division.partials() == 0) return 0;
  return instance.meeting == Meeting::atomic ? division.tiles.count() : division.partials();
}

constexpr Meeting meeting_of(Schedule schedule) {
  return schedule == Schedule::split_k_atomic ? Meeting::atomic : Meeting::ordered;
}

const void* data_or_null(const DeviceMemory& memory) { return memory.data(); }

}  // namespace

const Instance* find_instance(std::span<const Instance> list, const LinearProblem& p,
                              const GemmConfig& c) {
  const Slab16& w = slab16_of(*p.w);
  for (const Instance& i : list) {
    if (i.dtype != p.x.dtype || i.tile_m() != c.tile_m || i.tile_n() != c.tile_n) continue;
    if (i.stages != c.stages || c.warps > i.max_warps) continue;
    if (i.meeting != meeting_of(c.schedule)) continue;
    if (i.segments == 1 && w.scale_shift < 1) continue;  // scales change within a block
    return &i;
  }
  return nullptr;
}

Division division_of(const Instance& instance, const LinearProblem& p, const GemmConfig& c) {
  const Slab16& w = slab16_of(*p.w);
  Division d;
  d.tiles =
      core::PreparedTiles({static_cast<Count>(p.m), static_cast<Count>(p.n), c.tile_m, c.tile_n});
  const core::BasicExtent<Count> extent{d.tiles.count(), static_cast<Count>(w.k_blocks)};
  if (c.schedule == Schedule::stream_k) {
    const DeviceInfo& device = device_info({DeviceType::cuda, w.device});
    d.is_stream_k = true;
    d.stream_k = {
        extent, static_cast<Count>(device.workers * resident_blocks(instance, c.warps,
                                                                    device.shared_memory_per_sm))};
  } else {
    d.split_k = {extent, c.schedule == Schedule::data_parallel ? 1 : static_cast<Count>(c.split)};
  }
  return d;
}

bool counts_fit(const LinearProblem& p, const GemmConfig& c) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  if (p.m > most || p.n > most || p.k > most) return false;
  if (slab16_of(*p.w).k_blocks > core::Arrivals::max_slices) return false;
  const std::int64_t rows_of_columns = core::slab16::padded_n(p.n) / core::slab16::row_columns;
  if (slab16_of(*p.w).scale_rows > most / core::larger<std::int64_t>(1, rows_of_columns)) {
    return false;
  }
  const std::int64_t tiles = core::TileGrid{p.m, p.n, c.tile_m, c.tile_n}.tiles();
  return tiles <= most / core::larger<std::int64_t>(1, slab16_of(*p.w).k_blocks);
}

std::size_t workspace_bytes(const Instance& instance, const LinearProblem& p, const GemmConfig& c) {
  if (p.m == 0 || p.n == 0) return 0;
  const Division d = division_of(instance, p, c);
  const std::int64_t tiles = places(instance, d);
  if (tiles == 0) return 0;
  return counters_bytes(d) + static_cast<std::size_t>(tiles * c.tile_m * c.tile_n) * sizeof(float);
}

void launch(const Instance& instance, const LinearProblem& p, const GemmConfig& c,
            void* workspace) {
  const Slab16& w = slab16_of(*p.w);
  const DeviceGuard guard(w.device, "linear");
  auto* const stream = static_cast<cudaStream_t>(p.stream);
  Args a{};
  a.codes = static_cast<const std::uint8_t*>(w.codes.data());
  a.scales = static_cast<const std::uint16_t*>(w.scales.data());
  a.offsets = static_cast<const std::uint16_t*>(data_or_null(w.offsets));
  a.zeros = static_cast<const std::uint8_t*>(data_or_null(w.zeros));
  a.zeros_differ = w.zeros.data() != nullptr;
  a.source = static_cast<const std::int32_t*>(data_or_null(w.source_on_device));
  // With offsets the codes are taken as they are.
  a.same_zeros = w.offsets.data() != nullptr ? 0 : w.same_zeros;
  a.scale_rows = w.scale_rows;
  a.k_blocks = static_cast<Count>(w.k_blocks);
  a.scale_shift = std::min(w.scale_shift, 31);  // as far as a Count can be shifted
  a.scales_are_bf16 = w.scale_dtype == DType::bf16;
  a.offsets_are_minima = w.canonical.zero_kind == ZeroKind::minimum;
  a.x = p.x.data;
  a.x_row_stride = p.x.strides[0];
  a.x_column_stride = p.x.strides[1];
  a.y = p.y.data;
  a.y_row_stride = p.y.strides[0];
  a.y_column_stride = p.y.strides[1];
  a.y_dtype = p.y.dtype;
  a.bias = p.bias.data;
  a.bias_stride = p.bias.strides[0];
  a.bias_dtype = p.bias.dtype;
  a.m = static_cast<Count>(p.m);
  a.n = static_cast<Count>(p.n);
  a.k = static_cast<Count>(p.k);
  a.division = division_of(instance, p, c);
  if (const std::int64_t tiles = places(instance, a.division); tiles > 0) {
    a.arrivals = static_cast<std::uint64_t*>(workspace);
    a.partials =
        reinterpret_cast<float*>(static_cast<std::byte*>(workspace) + counters_bytes(a.division));
    if (instance.meeting == Meeting::atomic) {  // as published: what is added to must be zero first
      const auto floats = static_cast<std::size_t>(tiles * c.tile_m * c.tile_n);
      check(cudaMemsetAsync(a.partials, 0, floats * sizeof(float), stream), "linear",
            "cudaMemsetAsync");
    }
  }
  const int capability = device_info({DeviceType::cuda, w.device}).compute_capability;
  launch_kernel("linear",
                {.grid = a.division.workers(),
                 .threads = 32 * c.warps,
                 .shared_bytes = instance.shared_bytes(c.warps),
                 .stream = p.stream,
                 // What precedes an atomic kernel is the clearing of its sums.
                 .overlaps = p.overlaps && runs_sm90_code(capability) &&
                             instance.meeting == Meeting::ordered},
                instance.kernel, a);
}

void warm_up(int device) {
  static std::mutex mutex;
  static std::vector<int> warm;
  const std::lock_guard lock(mutex);
  if (std::find(warm.begin(), warm.end(), device) != warm.end()) return;
  const DeviceGuard guard(device, "pack");
  warm_up_plain();
  const std::size_t most = device_info({DeviceType::cuda, device}).shared_memory_per_block;
  for (const auto list : lists) {
    for (const Instance& i : list()) {
      const auto* kernel = reinterpret_cast<const void*>(i.kernel);
      // What a GPU has not got, no call gets as far as to ask for (fits_shared_memory).
      const std::size_t bytes = std::min(i.shared_bytes(i.max_warps), most - static_shared_bytes);
      check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(bytes)),
            "pack", "cudaFuncSetAttribute");
    }
  }
  warm.push_back(device);
}

}  // namespace halfbyte::cuda::w4a16
