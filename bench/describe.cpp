#include "bench/describe.h"

#include "bench/commit.h"
#include "halfbyte/threads.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

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

}  // namespace

BenchRow describe(Schedule requested, const LinearPlan& plan, const TensorView& x,
                  const std::vector<PackedWeight>& rotation, const QuantizedWeight& weight) {
  const PackedWeight& w = rotation.front();
  const DeviceInfo& device = device_info(w.device());
  BenchRow row;
  row.backend = w.device().type == DeviceType::cpu ? "cpu" : "cuda";
  row.device = row.backend;
  if (w.device().type == DeviceType::cuda) row.device += ":" + std::to_string(w.device().index);
  row.device_name = device.name;
  row.kernel = plan.kernel;
  row.requested = name(requested);
  row.schedule = name(plan.config.schedule);
  row.split = plan.config.split;
  row.tile_m = plan.config.tile_m;
  row.tile_n = plan.config.tile_n;
  row.tile_k = plan.config.tile_k;
  row.stages = plan.config.stages;
  row.warps = plan.config.warps;
  row.workers = plan.workers;
  row.waves = static_cast<double>(plan.workers) / device.workers;
  row.m = x.shape[0];
  row.n = w.n();
  row.k = w.k();
  row.group = w.group_size();
  row.bits = w.bits();
  row.dtype = name(x.dtype);
  row.threads = num_threads();
  row.bytes = weight_bytes(weight) + static_cast<double>((row.m * row.k + row.m * row.n)) *
                                         static_cast<double>(size_of(x.dtype));
  for (const PackedWeight& copy : rotation) {
    row.rotated_bytes += static_cast<double>(copy.bytes());
  }
  row.commit = source_commit();
  return row;
}

}  // namespace halfbyte::bench
