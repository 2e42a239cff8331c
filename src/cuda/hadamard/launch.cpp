#include "cuda/hadamard/launch.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/hadamard/tile.h"
#include "cuda/device_guard.h"
#include "cuda/launch_kernel.h"

namespace halfbyte::cuda::hadamard {
namespace {

namespace map = core::hadamard;
using core::CodeKind;

int log2_of(std::int64_t power_of_two) {
  return std::countr_zero(static_cast<std::uint64_t>(power_of_two));
}

bool is_aligned(const void* pointer, std::uintptr_t bytes) {
  return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0;
}

// Elements of y in a byte or bytes of an element: steps are turned into elements.
std::int64_t y_step(const HadamardProblem& p, std::int64_t step) {
  return p.kind == CodeKind::int4 ? 2 * step : step;
}

bool is_dense(const HadamardProblem& p, std::int64_t outer, std::int64_t inner) {
  return p.rows() == 1 || (p.inner == 1 ? outer == p.n : inner == p.n && outer == p.n * p.inner);
}

map::RowSteps x_steps(const HadamardProblem& p) {
  const auto& s = p.x_strides;
  return {s.outer, s.inner, is_dense(p, s.outer, s.inner)};
}
map::RowSteps y_steps(const HadamardProblem& p) {
  const std::int64_t outer = y_step(p, p.y_strides.outer), inner = y_step(p, p.y_strides.inner);
  return {outer, inner, is_dense(p, outer, inner)};
}

// More than 48 KB of shared memory have to be asked for once, by device and kernel.
void allow_shared_memory(int device, std::size_t most) {
  static std::mutex mutex;
  static std::vector<int> done;
  const std::lock_guard lock(mutex);
  if (std::find(done.begin(), done.end(), device) != done.end()) return;
  for (const DType x : {DType::f16, DType::bf16}) {
    for (const Family family : {in_registers_of, rows_of, spread_rows_of}) {
      for (const Instance& i : family(x)) {
        if (static_cast<std::size_t>(i.shared_bytes) > most) continue;  // its row rejects all calls
        check(cudaFuncSetAttribute(reinterpret_cast<const void*>(i.kernel),
                                   cudaFuncAttributeMaxDynamicSharedMemorySize, i.shared_bytes),
              "hadamard", "cudaFuncSetAttribute");
      }
    }
  }
  done.push_back(device);
}

// Of the instances with at least `least` tiles the one next to `wanted`.
const Instance& find(std::span<const Instance> list, int log2_n, std::int64_t least, int wanted,
                     bool one_rounding, Output output, bool full) {
  const auto distance = [&](const Instance& i) {
    return std::abs(std::countr_zero(static_cast<unsigned>(i.tiles)) -
                    std::countr_zero(static_cast<unsigned>(wanted)));
  };
  const Instance* best = nullptr;
  for (const Instance& i : list) {
    if (i.log2_n != log2_n || i.tiles < least) continue;
    if (i.output != output || i.full != full) continue;
    if (i.one_rounding != (one_rounding || i.output != Output::values)) continue;
    if (best == nullptr || distance(i) < distance(*best)) best = &i;
  }
  return *best;
}

}  // namespace

double bytes_of(const HadamardProblem& p) {
  const double y_bytes = p.kind == CodeKind::none   ? (p.y_dtype == DType::f32 ? 4 : 2)
                         : p.kind == CodeKind::int4 ? 0.5
                                                    : 1;
  const double x_bytes = p.x_dtype == DType::f32 ? 4 : 2;
  return static_cast<double>(p.rows()) * static_cast<double>(p.n) * (x_bytes + y_bytes);
}

Args args_of(const HadamardProblem& p) {
  return {.x = p.x,
          .y = p.y,
          .vectors = {p.rows() * p.n / 8, core::Divider(p.n / 8), core::Divider(p.inner)},
          .x_steps = x_steps(p),
          .y_steps = y_steps(p),
          .log2_n = p.size.p,
          .factor = std::ldexp(p.scale, p.size.p),
          .signs_before = p.signs_before,
          .signs_after = p.signs_after,
          .kind = p.kind,
          .log2_group = p.group > 0 ? log2_of(p.group) : -1,
          .scales = p.scales,
          .amax = p.amax,
          .ahead = 0};
}

std::span<const Instance> in_registers_of(DType x) {
  return x == DType::f16 ? in_registers_f16() : in_registers_bf16();
}
std::span<const Instance> rows_of(DType x) { return x == DType::f16 ? rows_f16() : rows_bf16(); }
std::span<const Instance> spread_rows_of(DType x) {
  return x == DType::f16 ? spread_rows_f16() : spread_rows_bf16();
}

std::string_view reject_layout(const HadamardProblem& p) {
  if (p.x_dtype == DType::f32) return "x is f32; the matrix instructions take 16-bit x";
  if (!std::isfinite(std::ldexp(p.scale, p.size.p))) return "the scale is near the end of f32";
  if (p.x_strides.element != 1 || p.y_strides.element != 1) return "elements are not adjacent";
  if (p.n % 8 != 0) return "rows are no multiple of 8 elements";
  const map::RowSteps x = x_steps(p), y = y_steps(p);
  for (const map::RowSteps& steps : {x, y}) {
    if (!steps.dense && (steps.outer % 8 != 0 || steps.inner % 8 != 0)) {
      return "rows do not begin at a multiple of 8 elements";
    }
  }
  const std::uintptr_t y_bytes = p.kind == CodeKind::none ? 16 : p.kind == CodeKind::int4 ? 4 : 8;
  if (!is_aligned(p.x, 16)) return "x is not 16-byte aligned";
  if (!is_aligned(p.y, y_bytes)) return "y is not aligned to 8 elements";
  if (!is_aligned(p.signs_before, 8) || !is_aligned(p.signs_after, 8)) {
    return "signs are not 8-byte aligned";
  }
  if (p.n / 8 > core::largest_divisor || p.inner > core::largest_divisor ||
      p.rows() > core::largest_dividend / p.n) {
    return "too many elements";
  }
  return {};
}

std::string_view reject_group(const HadamardProblem& p, std::int64_t most, std::int64_t whole) {
  if (p.group == 0) return {};
  if (!std::has_single_bit(static_cast<std::uint64_t>(p.group))) {
    return "elements that share a scale are no power of two";
  }
  return p.group <= most || p.group == whole ? "" : "too many elements share a scale";
}

bool needs_full_in_registers(const HadamardProblem& p) {
  return !x_steps(p).dense || !y_steps(p).dense || p.signs_before != nullptr ||
         p.signs_after != nullptr || p.amax != nullptr;
}
bool needs_full_row(const HadamardProblem& p) {
  return p.kind != CodeKind::none || p.amax != nullptr;
}

Output output_of(const HadamardProblem& p) {
  if (p.group != 0 || p.amax != nullptr) return Output::any;
  return p.kind == CodeKind::none ? Output::values : Output::given;
}

const Instance& in_registers_for(const HadamardProblem& p, const DeviceInfo& device) {
  const std::int64_t tiles = p.rows() * p.n / map::tile_elements;  // in all
  // More tiles a warp once there are 8 warps an SM all the same.
  const int wanted = tiles >= 32 * device.workers ? 4 : tiles >= 16 * device.workers ? 2 : 1;
  // A warp has whole transforms and whole groups that share a scale.
  const std::int64_t together = std::max(p.size.n(), p.group) / map::tile_elements;
  const bool full = needs_full_in_registers(p);
  return find(in_registers_of(p.x_dtype), 0, std::max<std::int64_t>(1, together), wanted, !p.fast,
              full ? Output::any : output_of(p), full);
}

const Instance& row_for(const HadamardProblem& p, const DeviceInfo& device) {
  // Where every row has an SM to itself, what counts is how long a row takes: many warps to a row.
  // The order of the sums is the same, so that its bits are.
  const bool few = p.rows() * p.pieces() <= device.workers;
  return find(rows_of(p.x_dtype), p.size.p, 1, few ? 1 : 8, !p.fast, output_of(p), true);
}

const Instance& spread_row_for(const HadamardProblem& p, const DeviceInfo& device) {
  // Many rows: two blocks a row, of 8 tiles a warp.
  const bool few = p.rows() * p.pieces() <= device.workers;
  return find(spread_rows_of(p.x_dtype), p.size.p, 1, few ? 1 : 8, true, Output::values, true);
}

void launch(const Instance& instance, const HadamardProblem& p, const DeviceInfo& device) {
  const DeviceGuard guard(p.device.index, "hadamard");
  allow_shared_memory(p.device.index, device.shared_memory_per_block);
  Args a = args_of(p);
  a.ahead = device.workers * instance.blocks_per_sm / instance.cluster;
  // Rows of 4096: 66.6 us with all of them, 65.7 with half; codes of them 50.1 and 50.7.
  if (instance.log2_n != 0 && instance.output != Output::given) a.ahead /= 2;
  // A unit is a block or a cluster.
  const std::int64_t units = (a.vectors.count + instance.vectors - 1) / instance.vectors;
  // As many rounds for every block that stays: none waits for the last one's second half.
  const std::int64_t resident = std::int64_t{1} * device.workers * instance.blocks_per_sm;
  const std::int64_t rounds = instance.stays ? (units + resident - 1) / resident : 1;
  launch_kernel("hadamard",
                {.grid = (units + rounds - 1) / rounds * instance.cluster,
                 .threads = instance.threads,
                 .shared_bytes = static_cast<std::size_t>(instance.shared_bytes),
                 .stream = p.stream,
                 .cluster = instance.cluster,
                 .overlaps = runs_sm90_code(device.compute_capability)},
                instance.kernel, a);
}

}  // namespace halfbyte::cuda::hadamard
