// The CUDA backend's rows for hadamard().
#include <algorithm>
#include <array>

#include "core/cost/hadamard.h"
#include "cuda/backend.h"
#include "cuda/hadamard/butterfly.h"
#include "cuda/hadamard/launch.h"
#include "cuda/hadamard/order.h"
#include "cuda/hadamard/panel.h"

namespace halfbyte::cuda {
namespace {

using namespace hadamard;

std::string_view needs_gpu(const DeviceInfo& device) {
  if (device.compute_capability < 80) return "needs compute capability 8.0";
  // Newer GPUs would run what the driver makes of the PTX: refused until a self-test can vouch for
  // it.
  if (device.compute_capability > 90) return "no machine code for this GPU in this build";
  return {};
}

std::size_t no_workspace(const HadamardProblem&, const DeviceInfo&) { return 0; }

// Instructions of a warp for a tile, counted in the machine code for sm_90a.
double predict(const Instance& i, const HadamardProblem& p, const DeviceInfo& device,
               double tile_instructions, double barriers) {
  const double blocks =
      static_cast<double>(p.rows()) * static_cast<double>(p.n) / 8 / i.vectors * i.cluster;
  const core::HadamardCost cost{
      .bytes = bytes_of(p),
      .blocks = blocks,
      .resident = static_cast<double>(i.blocks_per_sm),
      .warps = i.threads / 32.0,
      .warp_instructions = i.tiles * (tile_instructions - (i.one_rounding ? 0 : 26)),
      .barriers = barriers,
      .cluster_blocks = i.cluster > 1 ? blocks : 0};
  return core::hadamard_us(cost, device.workers, device.read_gbps * 1e3);
}

std::string_view reject_in_registers(const HadamardProblem& p, const DeviceInfo&) {
  if (p.size.q != 1) return "the size is no power of two";
  if (p.size.p < 3 || p.size.p > 11) return "for transforms of 8 ... 2048";
  if (p.size.p == 11 && output_of(p) != Output::any) return "two warps are better at 2048";
  const std::string_view reason = reject_layout(p);
  return reason.empty() ? reject_group(p, 2048, 0) : reason;
}

double predict_in_registers(const HadamardProblem& p, const DeviceInfo& device) {
  return predict(in_registers_for(p, device), p, device, 88, 0);
}

void run_in_registers(const HadamardProblem& p, const DeviceInfo& device, void*) {
  launch(in_registers_for(p, device), p, device);
}

std::string_view reject_row(const HadamardProblem& p, const DeviceInfo& device) {
  if (p.size.q != 1) return "the size is no power of two";
  if (p.size.p < 11 || p.size.p > 15) return "for transforms of 2048 ... 32768";
  if (p.size.p == 11 && output_of(p) == Output::any) return "makes no scales of rows of 2048";
  std::string_view reason = reject_layout(p);
  // Lanes hold 8 adjacent columns, 4 at 32768.
  if (reason.empty()) reason = reject_group(p, p.size.p == 15 ? 128 : 256, p.size.n());
  if (!reason.empty()) return reason;
  const auto shared = static_cast<std::size_t>(row_for(p, device).shared_bytes);
  return shared > device.shared_memory_per_block ? "needs more shared memory than this GPU has"
                                                 : "";
}

double predict_row(const HadamardProblem& p, const DeviceInfo& device) {
  return predict(row_for(p, device), p, device, 118, 2);
}

void run_row(const HadamardProblem& p, const DeviceInfo& device, void*) {
  launch(row_for(p, device), p, device);
}

std::string_view needs_clusters(const DeviceInfo& device) {
  const std::string_view reason = needs_gpu(device);
  if (!reason.empty()) return reason;
  return device.compute_capability < 90 ? "needs clusters: compute capability 9.0" : "";
}

std::string_view reject_spread_row(const HadamardProblem& p, const DeviceInfo&) {
  if (p.size.q != 1) return "the size is no power of two";
  if (p.size.p < 13 || p.size.p > 16) return "for transforms of 8192 ... 65536";
  const std::string_view reason = reject_layout(p);
  if (!reason.empty()) return reason;
  if (needs_full_row(p)) return "makes no codes and no amax";
  // The same bits for few rows as for many, which another kernel runs.
  return p.fast && p.size.p < 16 ? "rounds once; for the fast mode there is hadamard_row" : "";
}

double predict_spread_row(const HadamardProblem& p, const DeviceInfo& device) {
  // Two meetings of the cluster, and what leaves its SM: 0.4 us, as much as 14 barriers.
  return predict(spread_row_for(p, device), p, device, 140, 14);
}

void run_spread_row(const HadamardProblem& p, const DeviceInfo& device, void*) {
  launch(spread_row_for(p, device), p, device);
}

// Of the two kernels for q 2^p one is behind the other whatever the number of rows.
double rank_panel(const HadamardProblem& p, const DeviceInfo& device) {
  const double us = predict_panel(p, device);
  return prefers_panel(p, device) ? us : std::max(us, 1.01 * predict_order(p, device));
}
double rank_order(const HadamardProblem& p, const DeviceInfo& device) {
  const double us = predict_order(p, device);
  return prefers_panel(p, device) ? std::max(us, 1.01 * predict_panel(p, device)) : us;
}

std::string_view reject_nothing(const HadamardProblem&, const DeviceInfo&) { return {}; }

constexpr std::array rows{
    HadamardKernel{"cuda/hadamard_in_registers",
                   "2^p = 8 ... 1024, 2048 with scales, in a warp's registers, mma.m16n8k16",
                   DeviceType::cuda, needs_gpu, reject_in_registers, predict_in_registers,
                   no_workspace, run_in_registers},
    HadamardKernel{"cuda/hadamard_row", "2^p = 2048 ... 32768, a row in a block, mma.m16n8k16",
                   DeviceType::cuda, needs_gpu, reject_row, predict_row, no_workspace, run_row},
    HadamardKernel{"cuda/hadamard_row_spread",
                   "2^p = 8192 ... 65536, a row in a cluster, mma.m16n8k16", DeviceType::cuda,
                   needs_clusters, reject_spread_row, predict_spread_row, no_workspace,
                   run_spread_row},
    HadamardKernel{
        "cuda/hadamard_panel",
        "q 2^p as 33 ... 256 rows of 64 ... 256 columns, wgmma and mma.m16n8k16", DeviceType::cuda,
        needs_warpgroups, reject_panel, rank_panel, no_workspace,
        [](const HadamardProblem& p, const DeviceInfo& device, void*) { launch_panel(p, device); }},
    HadamardKernel{
        "cuda/hadamard_order", "q 2^p with 2^p = 64 ... 1024, both by mma.m16n8k16",
        DeviceType::cuda, needs_gpu, reject_order, rank_order, no_workspace,
        [](const HadamardProblem& p, const DeviceInfo& device, void*) { launch_order(p, device); }},
    HadamardKernel{"cuda/hadamard_butterfly", "every size, type, axis and step, plain",
                   DeviceType::cuda, needs_gpu, reject_nothing, predict_butterfly,
                   butterfly_workspace, launch_butterfly},
};

}  // namespace

std::span<const HadamardKernel> hadamard_kernels() { return rows; }

}  // namespace halfbyte::cuda
