#include "cuda/hadamard/order.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "core/cost/hadamard.h"
#include "core/hadamard/order_tiles.h"
#include "cuda/device_guard.h"
#include "cuda/hadamard/launch.h"
#include "cuda/hadamard/tile_signs.h"
#include "cuda/launch_kernel.h"

namespace halfbyte::cuda::hadamard {
namespace {

namespace map = core::hadamard;

// H_q 2^e (x) H_2^(p - e): H of 2^e is part of A where 2^p is more than a warp transforms in
// phase 2.
struct Factors {
  int q, p, e;
};
Factors factors_of(const HadamardProblem& p) {
  const int e = std::max(0, p.size.p - 10);
  return {p.size.q << e, p.size.p - e, e};
}

const OrderInstance& instance_for(const HadamardProblem& p) {
  const auto list = p.x_dtype == DType::f16 ? orders_f16() : orders_bf16();
  const OrderInstance* best = nullptr;
  for (const OrderInstance& i : list) {
    if (i.full != needs_full_row(p) || i.one_rounding != (i.full || !p.fast)) continue;
    if (i.most_tiles < map::order_tiles(factors_of(p).q)) continue;
    if (best == nullptr || i.most_tiles < best->most_tiles) best = &i;
  }
  return *best;
}

// The rounded numbers and the rests of a piece.
std::size_t piece_bytes(const HadamardProblem& p) {
  return static_cast<std::size_t>(p.size.n()) * (instance_for(p).one_rounding ? 4 : 2);
}
std::size_t sign_bytes(const HadamardProblem& p) {
  return static_cast<std::size_t>(map::sign_words_of(factors_of(p).q)) * 128;
}

// What a block may ask for beside the 128 bytes that the kernel has of its own.
std::size_t most_shared_bytes(const DeviceInfo& device) {
  return device.shared_memory_per_block - 128;
}

// How the blocks share the work.
struct Share {
  int together;    // pieces of a block
  int warps;       // of a block
  int log2_parts;  // 2^log2_parts warps have the same columns
};

std::size_t shared_bytes(const HadamardProblem& p, int together) {
  return static_cast<std::size_t>(together) * piece_bytes(p) + sign_bytes(p);
}
int blocks_by_memory(const HadamardProblem& p, const DeviceInfo& device, int together) {
  return static_cast<int>(device.shared_memory_per_sm / (shared_bytes(p, together) + 1024 + 128));
}

Share share_of(const HadamardProblem& p, const DeviceInfo& device) {
  // Small blocks: they wait for fewer warps, and several fill an SM with both phases.
  constexpr int few_warps = 4, warps_of_one = 8;
  const OrderInstance& instance = instance_for(p);
  const Factors f = factors_of(p);
  const int chunks = (1 << f.p) / instance.chunk;
  const std::int64_t pieces = p.rows() * p.pieces();
  int together = 1;
  // Chunks for every warp, and tiles of 256 for what a warp does but once (768, fast: 99 us with 12
  // tiles a block, 90 with 24, 86 with 48; 1792 69 with 28, 70 with 56), as long as every SM has
  // two blocks and both fit.
  const std::int64_t enough_tiles = instance.one_rounding ? 21 : 28;
  const auto too_small = [&] {
    return 2 * together * chunks <= few_warps || together * p.size.n() / 256 < enough_tiles;
  };
  while (p.group == 0 && too_small() && pieces >= 4 * together * device.workers &&
         blocks_by_memory(p, device, 2 * together) >= 2) {
    together *= 2;
  }
  // As many blocks as fit divide the warps that fit. Where every piece has an SM to itself, a warp
  // for each chunk: with two for one 11008 took 9.7 us instead of 8.3.
  const int most_blocks = instance.most_warps / few_warps;
  const int blocks = std::clamp(blocks_by_memory(p, device, together), 1, most_blocks);
  const int warps = pieces <= device.workers ? std::clamp(chunks, warps_of_one, instance.most_warps)
                                             : instance.most_warps / blocks;
  const int parts = std::min(warps / std::min(warps, together * chunks), map::order_tiles(f.q));
  return {together, warps, static_cast<int>(std::bit_width(static_cast<unsigned>(parts))) - 1};
}

// Made once for every matrix: they take the host up to 0.1 ms.
const OrderSigns& signs_of(const HadamardProblem& p) {
  static std::mutex mutex;
  static std::map<std::pair<int, bool>, OrderSigns> made;
  const std::lock_guard lock(mutex);
  const auto [place, is_new] = made.try_emplace({factors_of(p).q, p.transpose});
  if (is_new) {
    const Factors f = factors_of(p);
    make_tile_signs({p.size.q, f.e, p.transpose}, map::sign_row_words(map::order_tiles(f.q)),
                    place->second.words);
  }
  return place->second;
}

// A holds +-2^-power, at most 1 / q.
int power_of(const HadamardProblem& p) {
  return static_cast<int>(std::bit_width(static_cast<unsigned>(factors_of(p).q - 1)));
}

}  // namespace

std::string_view reject_order(const HadamardProblem& p, const DeviceInfo& device) {
  if (p.size.q == 1) return "the size is a power of two";
  const Factors f = factors_of(p);
  if (f.p < 6 || f.q > 172) return "for q 2^p with 2^p = 64 ... 1024, or H_2 ... as part of H_q";
  const std::string_view reason = reject_layout(p);
  if (!reason.empty()) return reason;
  if (!std::isfinite(std::ldexp(p.scale, f.p + power_of(p)))) {
    return "the scale is near the end of f32";
  }
  if (p.group != 0 && p.group != p.size.n()) return "makes scales of whole pieces only";
  return shared_bytes(p, 1) > most_shared_bytes(device)
             ? "needs more shared memory than this GPU has"
             : "";
}

double predict_order(const HadamardProblem& p, const DeviceInfo& device) {
  const Factors f = factors_of(p);
  const double order_tiles = map::order_tiles(f.q), tiles = static_cast<double>(p.size.n()) / 256;
  const double elements = static_cast<double>(p.rows()) * static_cast<double>(p.n);
  // An mma counts as 4 instructions; phase 2 has about 130 for a tile.
  const double mma = order_tiles * order_tiles * static_cast<double>(1 << f.p) / 8;
  const double instructions =
      4 * mma + ((p.group != 0 ? 260 : 130) + (instance_for(p).one_rounding ? 60 : 0)) * tiles;
  const Share share = share_of(p, device);
  const double together = share.together;
  const core::HadamardCost cost{
      .bytes = elements * (p.kind == core::CodeKind::none ? 4 : 3),
      .blocks = elements / static_cast<double>(p.size.n()) / together,
      .resident = static_cast<double>(instance_for(p).most_warps) / share.warps,
      .warps = static_cast<double>(share.warps),
      .warp_instructions = together * instructions / share.warps,
      .barriers = 2};
  return core::hadamard_us(cost, device.workers, device.read_gbps * 1e3);
}

void launch_order(const HadamardProblem& p, const DeviceInfo& device) {
  const DeviceGuard guard(p.device.index, "hadamard");
  const OrderInstance& instance = instance_for(p);
  // The same for every size: another thread may be between here and its launch.
  check(cudaFuncSetAttribute(reinterpret_cast<const void*>(instance.kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(most_shared_bytes(device))),
        "hadamard", "cudaFuncSetAttribute");
  const Factors f = factors_of(p);
  const Share share = share_of(p, device);
  const std::int64_t pieces = p.rows() * p.pieces();
  OrderArgs args{.rows = args_of(p),
                 .q = f.q,
                 .power = power_of(p),
                 .pieces = static_cast<int>(pieces),
                 .together = share.together,
                 .log2_parts = share.log2_parts,
                 .scale_of_piece = p.group != 0};
  args.rows.log2_n = f.p;
  args.rows.ahead = device.workers * std::max(1, instance.most_warps / share.warps) / 2;
  args.rows.factor = std::ldexp(p.scale, f.p + args.power);
  launch_kernel("hadamard",
                {.grid = (pieces + share.together - 1) / share.together,
                 .threads = 32 * share.warps,
                 .shared_bytes = shared_bytes(p, share.together),
                 .stream = p.stream,
                 .overlaps = runs_sm90_code(device.compute_capability)},
                instance.kernel, args, signs_of(p));
}

}  // namespace halfbyte::cuda::hadamard
