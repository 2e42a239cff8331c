#include "cuda/hadamard/panel.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

#include "core/cost/hadamard.h"
#include "cuda/device_guard.h"
#include "cuda/hadamard/launch.h"
#include "cuda/hadamard/tile_signs.h"
#include "cuda/launch_kernel.h"

namespace halfbyte::cuda::hadamard {
namespace {

namespace map = core::hadamard;

map::PanelShape shape_of(const HadamardProblem& p) { return map::panel_of(p.size.q, p.size.p); }

const PanelInstance& instance_for(const HadamardProblem& p) {
  const int log2_chunks = shape_of(p).log2_chunks;
  const Output output = output_of(p);
  const auto list = p.x_dtype == DType::f16 ? panels_f16() : panels_bf16();
  return *std::find_if(list.begin(), list.end(), [&](const PanelInstance& i) {
    return i.log2_chunks == log2_chunks && i.output == output &&
           i.one_rounding == (!p.fast || output == Output::given);
  });
}

std::size_t shared_bytes(const HadamardProblem& p) {
  const PanelInstance& i = instance_for(p);
  const int tiles = map::order_tiles(shape_of(p).rows);
  return static_cast<std::size_t>(i.chunks * map::chunk_bytes(tiles) +
                                  i.warpgroups * 4 * map::panel_stage_bytes);
}

// How blocks share the work.
struct Share {
  std::int64_t blocks;
  int log2_parts;  // blocks that share their pieces
  int resident;    // blocks that an SM holds
};

Share share_of(const HadamardProblem& p, const DeviceInfo& device) {
  const PanelInstance& i = instance_for(p);
  const std::size_t fit = device.shared_memory_per_sm / (shared_bytes(p) + 1024);
  const int resident = std::clamp(static_cast<int>(fit), 1, i.blocks_per_sm);
  const std::int64_t units = (p.rows() * p.pieces() + i.pieces - 1) / i.pieces;
  const unsigned parts = (shape_of(p).rows + 64 * i.warpgroups - 1) / (64 * i.warpgroups);
  const int log2_parts = static_cast<int>(std::bit_width(parts - 1));
  // Few pieces: 64 rows of A to a warpgroup. In place a block may not write what another has yet to
  // read; a plan without memory is one for calls that are not.
  const bool in_place = p.x != nullptr && p.x == p.y;
  if (!in_place && units << log2_parts <= std::int64_t{device.workers} * std::min(2, resident)) {
    return {units << log2_parts, log2_parts, resident};
  }
  return {units, 0, resident};
}

// Made once for every matrix: they take the host up to 0.1 ms.
const PanelSigns& signs_of(const HadamardProblem& p) {
  static std::mutex mutex;
  static std::map<std::tuple<int, int, bool>, PanelSigns> made;
  const int rows = shape_of(p).rows, e = std::countr_zero(static_cast<unsigned>(rows / p.size.q));
  const std::lock_guard lock(mutex);
  const auto [place, is_new] = made.try_emplace({p.size.q, e, p.transpose});
  if (is_new) {
    make_tile_signs({p.size.q, e, p.transpose}, map::panel_row_words(map::order_tiles(rows)),
                    place->second.words);
  }
  return place->second;
}

// A holds +-2^-power, at most 1 / rows.
int power_of(const map::PanelShape& shape) {
  return static_cast<int>(std::bit_width(static_cast<unsigned>(shape.rows - 1)));
}

}  // namespace

std::string_view needs_warpgroups(const DeviceInfo& device) {
  return runs_sm90_code(device.compute_capability) ? "" : "needs wgmma: compute capability 9.0";
}

std::string_view reject_panel(const HadamardProblem& p, const DeviceInfo& device) {
  const map::PanelShape shape = shape_of(p);
  if (shape.rows == 0) return "for q 2^p as 33 ... 256 rows of 64, 128 or 256 columns";
  if (p.size.q == 1 && p.size.p < 16) return "rows of 2^p up to 32768 have kernels of their own";
  const std::string_view reason = reject_layout(p);
  if (!reason.empty()) return reason;
  if (output_of(p) == Output::any) return "makes no scales and no amax";
  if (p.kind != core::CodeKind::none && p.signs_after != nullptr) return "no signs after codes";
  if (!std::isfinite(std::ldexp(p.scale, 6 + shape.log2_chunks + power_of(shape)))) {
    return "the scale is near the end of f32";
  }
  return shared_bytes(p) > device.shared_memory_per_block
             ? "needs more shared memory than this GPU has"
             : "";
}

bool prefers_panel(const HadamardProblem& p, const DeviceInfo& device) {
  if (!needs_warpgroups(device).empty() || !reject_panel(p, device).empty()) return false;
  // 28672: 93 us by three blocks an SM, 80 by hadamard_order (2^26 elements, one H200).
  const bool few_blocks = 4 * (shared_bytes(p) + 1024) > device.shared_memory_per_sm;
  const bool rounds_once = !p.fast || output_of(p) == Output::given;
  return rounds_once || p.size.q > 60 || shape_of(p).log2_chunks == 2 || !few_blocks;
}

double predict_panel(const HadamardProblem& p, const DeviceInfo& device) {
  const Share share = share_of(p, device);
  const double elements = static_cast<double>(p.rows()) * static_cast<double>(p.n);
  const double warps = 4.0 * instance_for(p).warpgroups, blocks = static_cast<double>(share.blocks);
  const core::HadamardCost cost{
      .bytes = bytes_of(p),
      .blocks = blocks,
      .resident = static_cast<double>(share.resident),
      .warps = warps,
      .warp_instructions = (p.fast ? 120 : 150) * elements / 256 / blocks / warps,
      .barriers = 2};
  return core::hadamard_us(cost, device.workers, device.read_gbps * 1e3);
}

void launch_panel(const HadamardProblem& p, const DeviceInfo& device) {
  const DeviceGuard guard(p.device.index, "hadamard");
  const PanelInstance& instance = instance_for(p);
  // The same for every size: another thread may be between here and its launch.
  check(cudaFuncSetAttribute(reinterpret_cast<const void*>(instance.kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(device.shared_memory_per_block)),
        "hadamard", "cudaFuncSetAttribute");
  const map::PanelShape shape = shape_of(p);
  const Share share = share_of(p, device);
  PanelArgs args{.rows = args_of(p),
                 .panel_rows = shape.rows,
                 .power = power_of(shape),
                 .pieces = static_cast<int>(p.rows() * p.pieces()),
                 .log2_parts = share.log2_parts};
  args.rows.log2_n = 6 + shape.log2_chunks;
  args.rows.ahead = device.workers * share.resident / 2;
  args.rows.factor = std::ldexp(p.scale, args.rows.log2_n + args.power);
  launch_kernel("hadamard",
                {.grid = share.blocks,
                 .threads = 128 * instance.warpgroups,
                 .shared_bytes = shared_bytes(p),
                 .stream = p.stream,
                 .overlaps = runs_sm90_code(device.compute_capability)},
                instance.kernel, args, signs_of(p));
}

}  // namespace halfbyte::cuda::hadamard
