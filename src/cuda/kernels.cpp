// The CUDA backend's rows. A kernel family adds its rows here and nowhere else.
#include <algorithm>
#include <array>
#include <cstdint>

#include "core/cost/cuda.h"
#include "cuda/backend.h"
#include "cuda/plain.h"
#include "cuda/slab16.h"
#include "cuda/w4a16/launch.h"
#include "ops/packed.h"

namespace halfbyte::cuda {
namespace {

using w4a16::Instance;

constexpr Schedule schedules[] = {Schedule::data_parallel, Schedule::split_k, Schedule::stream_k,
                                  Schedule::split_k_atomic};
constexpr Schedule ordered_schedules[] = {Schedule::data_parallel, Schedule::split_k,
                                          Schedule::stream_k};
constexpr Schedule atomic_schedule[] = {Schedule::split_k_atomic};
constexpr Schedule one_schedule[] = {Schedule::data_parallel};

constexpr GemmConfig tile(int m, int n, int stages, int warps) {
  return {.tile_m = m, .tile_n = n, .tile_k = 64, .stages = stages, .warps = warps};
}
constexpr GemmConfig u4_menu[] = {tile(8, 64, 4, 8),   tile(8, 64, 4, 16), tile(16, 64, 3, 8),
                                  tile(16, 64, 3, 12), tile(32, 64, 3, 8), tile(8, 32, 6, 8),
                                  tile(8, 32, 6, 16),  tile(16, 32, 4, 8), tile(16, 32, 4, 16),
                                  tile(8, 16, 6, 8),   tile(8, 16, 6, 16), tile(16, 16, 4, 8),
                                  tile(16, 16, 4, 16), tile(8, 128, 4, 8), tile(16, 128, 4, 8)};
constexpr GemmConfig u4_atomic_menu[] = {
    tile(8, 64, 4, 8),  tile(16, 64, 3, 12), tile(16, 64, 4, 8),  tile(8, 32, 6, 8),
    tile(8, 32, 6, 16), tile(16, 32, 4, 8),  tile(16, 32, 4, 16), tile(8, 16, 6, 8),
    tile(8, 16, 6, 16), tile(16, 16, 4, 8),  tile(16, 16, 4, 16)};
constexpr GemmConfig wide_menu[] = {tile(8, 64, 4, 8), tile(16, 64, 4, 8)};
constexpr GemmConfig narrow_menu[] = {tile(8, 32, 4, 8), tile(16, 32, 4, 8)};
constexpr GemmConfig plain_menu[] = {{.tile_m = 1, .tile_n = 1, .tile_k = 1}};

std::string_view needs_gpu(const DeviceInfo& device) {
  if (device.compute_capability < 80) return "needs compute capability 8.0";
  // Newer GPUs would run what the driver makes of the PTX: refused until a self-test can vouch for
  // it.
  if (device.compute_capability > 90) return "no machine code for this GPU in this build";
  return {};
}

// What the matrix kernels ask of a weight.
std::string_view reject_weight(const LinearProblem& p, int code_bits, bool table, bool offsets) {
  const Slab16& w = slab16_of(*p.w);
  if (p.x.dtype == DType::f32) return "x is f32; the matrix instructions take 16-bit x";
  if (w.code_bits != code_bits) return "codes of another width";
  if (table != (w.canonical.meaning == CodeMeaning::table)) return "codes of another meaning";
  if (table && !w.is_e2m1) return "the code table is not e2m1";
  if (w.scale_dtype == DType::f32) return "scales are f32";
  // (q - z) Inf is NaN where q = z, but these kernels scale the sum of a group.
  if (w.infinite_scale) return "a scale is infinite";
  const bool has_offsets =
      w.canonical.zero_kind == ZeroKind::real || w.canonical.zero_kind == ZeroKind::minimum;
  if (offsets != has_offsets) return offsets ? "zeros are integers" : "zeros are not integers";
  if (table && w.canonical.zero_kind != ZeroKind::symmetric) return "a table with zeros";
  if (has_offsets && p.x.dtype == DType::f16 && !w.fits_f16) return "a weight is beyond f16";
  return {};
}

// What asynchronous copies of 16 bytes ask of x.
std::string_view reject_x(const LinearProblem& p) {
  if (slab16_of(*p.w).source_on_device.data() != nullptr) return "k is permuted or padded";
  if (p.k > 1 && p.x.strides[1] != 1) return "elements of x are not adjacent";
  if (p.m > 1 && p.x.strides[0] % 8 != 0) return "rows of x are not 16-byte aligned";
  if (reinterpret_cast<std::uintptr_t>(p.x.data) % 16 != 0) return "x is not 16-byte aligned";
  return {};
}

template <w4a16::Instances instances, int code_bits, bool table, bool offsets, bool any_x>
std::string_view reject(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device) {
  std::string_view reason = reject_weight(p, code_bits, table, offsets);
  if (reason.empty() && !any_x) reason = reject_x(p);
  if (!reason.empty()) return reason;
  const Instance* instance = w4a16::find_instance(instances(), p, c);
  if (instance == nullptr) return "not compiled for scales that change within 64 k";
  if (!w4a16::fits_shared_memory(*instance, c.warps, device.shared_memory_per_block)) {
    return "needs more shared memory than this GPU has";
  }
  if (!w4a16::counts_fit(p, c)) return "more than 2^30 blocks of k in all tiles";
  if (core::slab16::padded_n(p.n) % c.tile_n != 0) return "n ends within the tile";
  return {};
}

template <w4a16::Instances instances, bool any_x>
double predict(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device) {
  const Instance& instance = *w4a16::find_instance(instances(), p, c);
  const Slab16& w = slab16_of(*p.w);
  const w4a16::Division division = w4a16::division_of(instance, p, c);
  const auto resident =
      static_cast<double>(resident_blocks(instance, c.warps, device.shared_memory_per_sm));
  const auto tiles = static_cast<double>(division.tiles.count());
  const auto blocks = static_cast<double>(w.k_blocks);
  const auto ctas = static_cast<double>(std::max<std::int64_t>(1, division.workers()));
  const bool stream_k = c.schedule == Schedule::stream_k;
  const core::CudaShape shape{.ctas = division.workers(),
                              .blocks_per_cta = tiles * blocks / ctas,
                              .slabs = static_cast<double>(instance.slabs),
                              .octets = static_cast<double>(instance.octets),
                              .rows = static_cast<double>(std::min<std::int64_t>(p.m, c.tile_m)),
                              .code_bits = static_cast<double>(w.code_bits),
                              .warps = static_cast<double>(c.warps),
                              .slices = stream_k ? 2 : std::max(1.0, ctas / std::max(1.0, tiles)),
                              .items = stream_k ? 2.0 : 1.0,
                              .gathered = any_x};
  double us = core::cuda_product_us(
      shape, {static_cast<double>(device.workers), device.read_gbps * 1e3, resident});
  if (c.schedule == Schedule::split_k_atomic) us += 1;  // clearing what is added to
  return us;
}

template <w4a16::Instances instances>
std::size_t workspace(const LinearProblem& p, const GemmConfig& c) {
  return w4a16::workspace_bytes(*w4a16::find_instance(instances(), p, c), p, c);
}

template <w4a16::Instances instances>
std::int64_t workers(const LinearProblem& p, const GemmConfig& c) {
  return w4a16::division_of(*w4a16::find_instance(instances(), p, c), p, c).workers();
}

template <w4a16::Instances instances>
void run(const LinearProblem& p, const GemmConfig& c, void* memory) {
  w4a16::launch(*w4a16::find_instance(instances(), p, c), p, c, memory);
}

// any_x: x is gathered element by element, which works for every x.
template <w4a16::Instances instances, int code_bits, bool table, bool offsets, bool any_x>
constexpr LinearKernel row(std::string_view name, std::string_view description,
                           std::span<const GemmConfig> menu,
                           std::span<const Schedule> of = schedules) {
  return {.name = name,
          .description = description,
          .device = DeviceType::cuda,
          .rounding = offsets ? WeightRounding::rounded16 : WeightRounding::exact,
          .unavailable = needs_gpu,
          .reject = reject<instances, code_bits, table, offsets, any_x>,
          .menu = menu,
          .schedules = of,
          .predict = predict<instances, any_x>,
          .workspace = workspace<instances>,
          .workers = workers<instances>,
          .run = run<instances>};
}

std::string_view reject_schedule(const LinearProblem&, const GemmConfig& c, const DeviceInfo&) {
  return c.schedule == Schedule::data_parallel ? ""
                                               : "plain loops have one schedule, data-parallel";
}

using namespace w4a16;

constexpr std::array rows{
    row<u4_instances, 4, false, false, false>("cuda/mma/u4",
                                              "codes of up to 4 bits, mma.m16n8k16, x by cp.async",
                                              u4_menu, ordered_schedules),
    row<u4_atomic_instances, 4, false, false, false>(
        "cuda/mma/u4-atomic", "cuda/mma/u4 with sums added atomically, as published",
        u4_atomic_menu, atomic_schedule),
    row<u8_instances, 8, false, false, false>(
        "cuda/mma/u8", "8-bit codes, mma.m16n8k16, x by cp.async", narrow_menu),
    row<e2m1_instances, 4, true, false, false>("cuda/mma/e2m1",
                                               "MXFP4, mma.m16n8k16, x by cp.async", wide_menu),
    row<u4_gathered_instances, 4, false, false, true>(
        "cuda/mma/u4-gather", "codes of up to 4 bits, mma.m16n8k16, any x and g_idx", wide_menu),
    row<u8_gathered_instances, 8, false, false, true>(
        "cuda/mma/u8-gather", "8-bit codes, mma.m16n8k16, any x and g_idx", narrow_menu),
    row<e2m1_gathered_instances, 4, true, false, true>("cuda/mma/e2m1-gather",
                                                       "MXFP4, mma.m16n8k16, any x", wide_menu),
    row<u4_offset_instances, 4, false, true, true>(
        "cuda/mma/u4-offset", "codes of up to 4 bits with real zeros or minima, weights in 16 bits",
        narrow_menu),
    row<u8_offset_instances, 8, false, true, true>(
        "cuda/mma/u8-offset", "8-bit codes with real zeros or minima, weights in 16 bits",
        narrow_menu),
    LinearKernel{
        .name = "cuda/plain",
        .description = "plain loops, any legal call",
        .device = DeviceType::cuda,
        .rounding = WeightRounding::exact,
        .unavailable = needs_gpu,
        .reject = reject_schedule,
        .menu = plain_menu,
        .schedules = one_schedule,
        .predict =
            [](const LinearProblem& p, const GemmConfig&, const DeviceInfo& device) {
              return 1000 + static_cast<double>(p.m * p.n) * static_cast<double>(p.k) /
                                (1e-2 * 1e3 * device.fma_gmacs + 1);
            },
        .workspace = [](const LinearProblem&, const GemmConfig&) { return std::size_t{0}; },
        .workers = [](const LinearProblem& p, const GemmConfig&) { return p.m * p.n; },
        .run = [](const LinearProblem& p, const GemmConfig&, void*) { launch_plain(p); }},
};

}  // namespace

std::span<const LinearKernel> linear_kernels() { return rows; }

}  // namespace halfbyte::cuda
