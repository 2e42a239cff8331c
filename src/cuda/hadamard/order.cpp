#include "cuda/hadamard/order.h"

#include <cuda_runtime_api.h>

#include <algorithm>

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

const OrderInstance& instance_for(const HadamardProblem& p) {
  const auto list = p.x_dtype == DType::f16 ? orders_f16() : orders_bf16();
  const OrderInstance* best = nullptr;
  for (const OrderInstance& i : list) {
    if (i.one_rounding == p.fast || i.most_tiles < map::order_tiles(p.size.q)) continue;
    if (best == nullptr || i.most_tiles < best->most_tiles) best = &i;
  }
  return *best;
}

// The rounded numbers, the rests, the signs and a unit of zeros.
std::size_t shared_bytes(const HadamardProblem& p) {
  const auto numbers = static_cast<std::size_t>(p.size.n()) * (p.fast ? 2 : 4);
  return numbers + static_cast<std::size_t>(map::sign_words_of(p.size.q)) * 128 + 16;
}

// What a block may ask for beside the 128 bytes that the kernel has of its own.
std::size_t most_shared_bytes(const DeviceInfo& device) {
  return device.shared_memory_per_block - 128;
}

std::int64_t blocks_per_sm(const HadamardProblem& p, const DeviceInfo& device) {
  const std::size_t by_memory = device.shared_memory_per_sm / (shared_bytes(p) + 1024);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(by_memory), 1,
                                  instance_for(p).blocks_per_sm);
}

OrderSigns signs_of(int q, bool transpose) {
  namespace f = core::mma_m16n8k16;
  OrderSigns signs{};
  const int tiles = map::order_tiles(q);
  for (int tile = 0; tile < tiles * tiles; ++tile) {
    for (int lane = 0; lane < 32; ++lane) {
      for (int reg = 0; reg < 4; ++reg) {
        const map::SignBits at = map::sign_bits(tile, reg);
        for (int half = 0; half < 2; ++half) {
          const f::Coord in_tile = f::a_coord(lane, reg, half);
          const int i = tile / tiles * 16 + in_tile.row, j = tile % tiles * 16 + in_tile.column;
          if (i >= q || j >= q) continue;  // rows that are not stored, columns of zeros
          const int sign = transpose ? core::order_entry(q, j, i) : core::order_entry(q, i, j);
          if (sign < 0) signs.words[32 * at.word + lane] |= 1U << (15 + 16 * half - at.shift);
        }
      }
    }
  }
  return signs;
}

}  // namespace

std::string_view reject_order(const HadamardProblem& p, const DeviceInfo& device) {
  if (p.size.q == 1) return "the size is a power of two";
  if (p.size.p < 4 || p.size.p > 10) return "for q 2^p with 2^p = 16 ... 1024";
  if (p.size.n() % map::tile_elements != 0) return "the size is no multiple of 256";
  const std::string_view reason = reject_layout(p);
  if (!reason.empty()) return reason;
  if (p.group != 0 && p.group != p.size.n()) return "makes scales of whole pieces only";
  return shared_bytes(p) > most_shared_bytes(device) ? "needs more shared memory than this GPU has"
                                                     : "";
}

double predict_order(const HadamardProblem& p, const DeviceInfo& device) {
  const double tiles = map::order_tiles(p.size.q), numbers = p.fast ? 1 : 2;
  const double elements = static_cast<double>(p.rows()) * static_cast<double>(p.n);
  // An mma takes 2 clocks of an SM and 5 instructions; phase 1 about 120 instructions a tile.
  const double passes = p.group != 0 ? 2 : 1;
  const double mma = passes * numbers * tiles * tiles * static_cast<double>(1 << p.size.p) / 8;
  const double instructions = 5 * mma + 120 * static_cast<double>(p.size.n()) / 256;
  const core::HadamardCost cost{.bytes = elements * (p.kind == core::CodeKind::none ? 4 : 3),
                                .blocks = elements / static_cast<double>(p.size.n()),
                                .resident = static_cast<double>(blocks_per_sm(p, device)),
                                .warps = order_warps,
                                .warp_instructions = instructions / order_warps,
                                .barriers = 2};
  return core::hadamard_us(cost, device.workers, device.read_gbps * 1e3);
}

void launch_order(const HadamardProblem& p, const DeviceInfo& device) {
  const DeviceGuard guard(p.device.index, "hadamard");
  const OrderInstance& instance = instance_for(p);
  const std::size_t shared = shared_bytes(p);
  // The same for every size: another thread may be between here and its launch.
  check(cudaFuncSetAttribute(reinterpret_cast<const void*>(instance.kernel),
                             cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(most_shared_bytes(device))),
        "hadamard", "cudaFuncSetAttribute");
  const std::int64_t pieces = p.rows() * p.pieces();
  const std::int64_t resident = device.workers * blocks_per_sm(p, device);
  const std::int64_t rounds = (pieces + resident - 1) / resident;
  const OrderArgs args{args_of(p), p.size.q, static_cast<int>(pieces), p.group != 0};
  launch_kernel("hadamard",
                {.grid = (pieces + rounds - 1) / rounds,
                 .threads = 32 * order_warps,
                 .shared_bytes = shared,
                 .stream = p.stream},
                instance.kernel, args, signs_of(p.size.q, p.transpose));
}

}  // namespace halfbyte::cuda::hadamard
