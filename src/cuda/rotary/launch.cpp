#include "cuda/rotary/launch.h"

#include <cstdint>

#include "cuda/device_guard.h"
#include "cuda/launch_kernel.h"

namespace halfbyte::cuda::rotary {
namespace {

namespace map = core::hadamard;
using core::CodeKind;

// Warps come and go: more of them than an SM holds, so that the last ones to work are few.
constexpr std::int64_t rounds = 3;

bool is_aligned(const void* pointer, std::uintptr_t bytes) {
  return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0;
}

const Instance& find(const RotaryProblem& p, int log2_head, bool vectors) {
  const auto list = p.heads.x_dtype == DType::f16 ? heads_f16() : heads_bf16();
  for (const Instance& i : list) {
    if (i.log2_head == log2_head && i.vectors == vectors) return i;
  }
  return *(list.end() - (vectors ? 2 : 1));  // one slot
}

}  // namespace

Args args_of(const RotaryProblem& p, int slots, const DeviceInfo& device) {
  const HadamardProblem& h = p.heads;
  const auto head_dim = static_cast<int>(h.n);
  const int log2_lanes = map::log2_lanes_of(head_dim, slots);
  const map::HeadItems items =
      map::head_items(h.outer, static_cast<int>(h.inner), 5 - log2_lanes,
                      rounds * device.workers * blocks_per_sm * warps_per_block);
  return {.x = h.x,
          .y = h.y,
          .x_steps = {h.x_strides.outer, h.x_strides.inner, h.x_strides.element},
          .y_steps = {h.y_strides.outer, h.y_strides.inner, h.y_strides.element},
          .cos = p.cos,
          .sin = p.sin,
          .cos_step = p.cos_step,
          .sin_step = p.sin_step,
          .table_rows = p.table_rows,
          .positions = p.positions,
          .positions_step = p.positions_step,
          .positions_are_i64 = p.positions_are_i64,
          .halves = p.pairs == RotaryPairs::halves,
          .head_dim = head_dim,
          .rotary_dim = static_cast<int>(p.rotary_dim),
          .log2_lanes = log2_lanes,
          .log2_block = h.size.p,
          .items = items,
          .per_token = core::Divider(items.per_token),
          .scale = h.scale,
          .signs_before = h.signs_before,
          .signs_after = h.signs_after,
          .kind = h.kind,
          .scale_of_head = h.group > 0,
          .scales = h.scales,
          .amax = h.amax};
}

std::string_view reject_problem(const RotaryProblem& p) {
  const HadamardProblem& h = p.heads;
  if (h.size.q != 1) return "the size of the transform is no power of two";
  if (h.n % map::chunk_elements != 0) return "head_dim is no multiple of 8";
  if (h.n > map::largest_head) return "head_dim is above 256";
  if (h.kind == CodeKind::int4) return "makes no 4-bit codes";
  if (h.group != 0 && h.group != h.n) return "scales are given or per row";
  // Heads of a token are counted with 32 bits, blocks of the grid with 31.
  constexpr std::int64_t most = std::int64_t{1} << 32;
  if (h.inner > core::largest_divisor || (h.inner > 0 && h.outer > most / h.inner)) {
    return "too many heads";
  }
  return {};
}

std::string_view reject_layout(const RotaryProblem& p) {
  const HadamardProblem& h = p.heads;
  if (h.x_strides.element != 1 || h.y_strides.element != 1) return "elements are not adjacent";
  const HadamardStrides steps[] = {h.x_strides, h.y_strides};
  for (const HadamardStrides& s : steps) {
    if ((h.outer > 1 && s.outer % 8 != 0) || (h.inner > 1 && s.inner % 8 != 0)) {
      return "heads do not begin at a multiple of 8 elements";
    }
  }
  if (!is_aligned(h.x, 16)) return "x is not 16-byte aligned";
  if (!is_aligned(h.y, h.kind == CodeKind::none ? 16 : 8)) return "y is not aligned to 8 elements";
  if (!is_aligned(h.signs_before, 8) || !is_aligned(h.signs_after, 8)) {
    return "signs are not 8-byte aligned";
  }
  if (p.rotary_dim % 16 != 0) return "rotary_dim is no multiple of 16";
  return {};
}

const Instance& vector_instance(const RotaryProblem& p) {
  const bool whole = p.rotary_dim == p.heads.n && p.heads.size.n() == p.heads.n;
  return find(p, whole ? p.heads.size.p : 0, true);
}
const Instance& gathering_instance(const RotaryProblem& p) { return find(p, 0, false); }

void launch(const Instance& instance, const RotaryProblem& p, const DeviceInfo& device) {
  const DeviceGuard guard(p.heads.device.index, "rotary_hadamard");
  const Args a = args_of(p, instance.slots(), device);
  launch_kernel("rotary_hadamard",
                {.grid = (a.items.count() + warps_per_block - 1) / warps_per_block,
                 .threads = 32 * warps_per_block,
                 .stream = p.heads.stream,
                 .overlaps = runs_sm90_code(device.compute_capability)},
                instance.kernel, a);
}

}  // namespace halfbyte::cuda::rotary
