#include "cuda/hadamard/order.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "core/cost/hadamard.h"
#include "core/fragment/mma_m16n8k16.h"
#include "core/hadamard/order_tiles.h"
#include "core/hadamard/signs.h"
#include "core/hadamard/tile.h"
#include "cuda/device_guard.h"
#include "cuda/hadamard/launch.h"
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

// How a block's warps share its work.
struct Share {
  int together, log2_parts;  // pieces of a block; 2^log2_parts warps have the same columns
};
Share share_of(const HadamardProblem& p, const DeviceInfo& device) {
  const Factors f = factors_of(p);
  const int chunks = (1 << f.p) / instance_for(p).chunk;
  const std::int64_t pieces = p.rows() * p.pieces();
  int together = 1;
  // Chunks for every warp, as long as every SM has two blocks and both fit.
  while (p.group == 0 && 2 * together * chunks <= order_warps &&
         pieces >= 4 * together * device.workers &&
         4 * together * piece_bytes(p) + 2 * sign_bytes(p) + 4096 <= device.shared_memory_per_sm) {
    together *= 2;
  }
  const int parts = order_warps / std::min(order_warps, together * chunks);
  const int most = std::min(parts, map::order_tiles(f.q));
  return {together, static_cast<int>(std::bit_width(static_cast<unsigned>(most))) - 1};
}

std::size_t shared_bytes(const HadamardProblem& p, const DeviceInfo& device) {
  return share_of(p, device).together * piece_bytes(p) + sign_bytes(p);
}

std::int64_t blocks_per_sm(const HadamardProblem& p, const DeviceInfo& device) {
  const std::size_t by_memory =
      device.shared_memory_per_sm / (shared_bytes(p, device) + 1024 + 128);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(by_memory), 1,
                                  instance_for(p).blocks_per_sm);
}

int sign_of(const HadamardProblem& p, int i, int j) {
  const int e = factors_of(p).e, both = i & j & ((1 << e) - 1);
  const int sign = p.transpose ? core::order_entry(p.size.q, j >> e, i >> e)
                               : core::order_entry(p.size.q, i >> e, j >> e);
  return map::bits_set(both) % 2 == 0 ? sign : -sign;
}

OrderSigns make_signs(const HadamardProblem& p) {
  namespace f = core::mma_m16n8k16;
  OrderSigns signs{};
  const int q = factors_of(p).q, tiles = map::order_tiles(q);
  for (int tile = 0; tile < tiles * tiles; ++tile) {
    for (int lane = 0; lane < 32; ++lane) {
      for (int reg = 0; reg < 4; ++reg) {
        const map::SignBits at = map::sign_bits(tile, reg);
        for (int half = 0; half < 2; ++half) {
          const f::Coord in_tile = f::a_coord(lane, reg, half);
          const int i = tile / tiles * 16 + in_tile.row, j = tile % tiles * 16 + in_tile.column;
          if (i >= q || j >= q) continue;  // rows that are not stored, columns of zeros
          if (sign_of(p, i, j) < 0) {
            signs.words[32 * at.word + lane] |= 1U << (15 + 16 * half - at.shift);
          }
        }
      }
    }
  }
  return signs;
}

// Made once for every matrix: they take the host up to 0.1 ms.
const OrderSigns& signs_of(const HadamardProblem& p) {
  static std::mutex mutex;
  static std::map<std::pair<int, bool>, OrderSigns> made;
  const std::lock_guard lock(mutex);
  const auto [place, is_new] = made.try_emplace({factors_of(p).q, p.transpose});
  if (is_new) place->second = make_signs(p);
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
  return shared_bytes(p, device) > most_shared_bytes(device)
             ? "needs more shared memory than this GPU has"
             : "";
}

double predict_order(const HadamardProblem& p, const DeviceInfo& device) {
  const Factors f = factors_of(p);
  const double order_tiles = map::order_tiles(f.q), tiles = static_cast<double>(p.size.n()) / 256;
  const double elements = static_cast<double>(p.rows()) * static_cast<double>(p.n);
  // An mma counts as 3 instructions; phase 2 has about 90 for a tile.
  const double mma = order_tiles * order_tiles * static_cast<double>(1 << f.p) / 8;
  const double instructions =
      3 * mma + ((p.group != 0 ? 180 : 90) + (instance_for(p).one_rounding ? 40 : 0)) * tiles;
  const double together = share_of(p, device).together;
  const core::HadamardCost cost{.bytes = elements * (p.kind == core::CodeKind::none ? 4 : 3),
                                .blocks = elements / static_cast<double>(p.size.n()) / together,
                                .resident = static_cast<double>(blocks_per_sm(p, device)),
                                .warps = order_warps,
                                .warp_instructions = together * instructions / order_warps,
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
  args.rows.factor = std::ldexp(p.scale, f.p + args.power);
  launch_kernel("hadamard",
                {.grid = (pieces + share.together - 1) / share.together,
                 .threads = 32 * order_warps,
                 .shared_bytes = shared_bytes(p, device),
                 .stream = p.stream,
                 .overlaps = may_overlap(device.compute_capability)},
                instance.kernel, args, signs_of(p));
}

}  // namespace halfbyte::cuda::hadamard
