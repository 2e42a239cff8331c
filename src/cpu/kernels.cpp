// The CPU backend's rows.
#include <algorithm>
#include <array>

#include "core/cost/cpu.h"
#include "core/schedule/schedules.h"
#include "cpu/backend.h"
#include "cpu/execute.h"
#include "cpu/isa.h"
#include "cpu/simd/tables.h"

namespace halfbyte::cpu {
namespace {

constexpr Schedule schedules[] = {Schedule::data_parallel, Schedule::split_k, Schedule::stream_k};
constexpr Schedule one_schedule[] = {Schedule::data_parallel};

// Tiles of 64 columns read four streams of weights at once; those of 16 are for narrow outputs.
constexpr GemmConfig digits_menu[] = {{.tile_m = 64, .tile_n = 64, .tile_k = 128},
                                      {.tile_m = 64, .tile_n = 16, .tile_k = 128}};
constexpr GemmConfig panel_menu[] = {{.tile_m = 192, .tile_n = 64, .tile_k = 128},
                                     {.tile_m = 192, .tile_n = 16, .tile_k = 128}};
constexpr GemmConfig reference_menu[] = {{.tile_m = 1, .tile_n = 16, .tile_k = 1}};

template <Isa isa>
std::string_view needs(const DeviceInfo&) {
  if (active_isa() >= isa) return {};
  if (detected_isa() >= isa) return "HALFBYTE_ISA asks for a lower instruction set";
  switch (isa) {
    case Isa::avx2:
      return "this CPU has no AVX2, FMA and F16C";
    case Isa::avx512:
      return "this CPU has no AVX-512 (F, BW, VL, DQ)";
    default:
      return "this CPU has no AVX-512 VNNI";
  }
}

std::string_view reject_nothing(const LinearProblem&, const GemmConfig&, const DeviceInfo&) {
  return {};
}

std::string_view reject_digits(const LinearProblem& p, const GemmConfig&, const DeviceInfo&) {
  const N16& w = n16_of(*p.w);
  if (w.container_bits != 4) return "codes are wider than 4 bits";
  if (w.zero_kind != ZeroKind::symmetric && w.zero_kind != ZeroKind::integer) {
    return "zeros are not integers";
  }
  if (w.meaning == CodeMeaning::table && !w.integer_table) return "the code table is not integer";
  if (!w.finite_scales) return "a scale is NaN or Inf";
  return {};
}

std::string_view reject_pairs(const LinearProblem& p, const GemmConfig&, const DeviceInfo&) {
  const N16& w = n16_of(*p.w);
  if (p.x.dtype != DType::bf16) return "x is not bf16";
  if (w.zero_kind != ZeroKind::symmetric && w.zero_kind != ZeroKind::integer) {
    return "zeros are not integers";
  }
  if (w.meaning == CodeMeaning::table && !w.integer_table) return "the code table is not integer";
  if (!w.finite_scales) return "a scale is NaN or Inf";
  return {};
}

std::string_view reject_schedule(const LinearProblem&, const GemmConfig& c, const DeviceInfo&) {
  return c.schedule == Schedule::data_parallel ? ""
                                               : "plain loops have one schedule, data-parallel";
}

// Cycles of all arithmetic over the workers, rounded up to whole rounds of work items, or the
// bytes.
double predict(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device,
               double cycles_per_weight) {
  const core::CpuCost& cost = core::cpu_cost(device.isa);
  const double tiles = static_cast<double>(core::TileGrid{p.m, p.n, c.tile_m, c.tile_n}.tiles());
  const double chunks = static_cast<double>(
      core::larger(std::int64_t{1}, core::ceil_div<std::int64_t>(p.k, c.tile_k)));
  const double slices =
      c.schedule == Schedule::split_k ? std::min(static_cast<double>(c.split), chunks) : 1.0;
  const double items =
      c.schedule == Schedule::stream_k ? 2 * core::nominal_workers : tiles * slices;
  const double rounds = static_cast<double>(core::ceil_div(
      static_cast<std::int64_t>(items), static_cast<std::int64_t>(core::nominal_workers)));
  const double share = std::max(rounds / std::max(items, 1.0), 1.0 / core::nominal_workers);
  const double weights = static_cast<double>(p.k) * static_cast<double>(p.n);
  const double streaming = weights * 0.52 / cost.read_bytes_per_cycle / core::nominal_workers;
  const double arithmetic = weights * cycles_per_weight * share;
  const double regions = c.schedule == Schedule::data_parallel ? 2 : 3;
  return std::max(streaming, arithmetic) / (core::nominal_ghz * 1e3) + regions * core::region_us +
         rounds * core::item_us;
}

// What 16-bit x is made of is not known here: two digits where k is long enough for rounding, else
// three; f32 x takes four. Every block of columns reads what x was made into again, from memory
// where it is more than a cache holds: 1.1 KB for a row and chunk, so that 512 rows of 4096 with
// groups of 32 took 232 ms where panels take 106.
template <const TileKernel& (*kernel)()>
double predict_digits(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device) {
  const core::CpuCost& cost = core::cpu_cost(device.isa);
  const double chunks =
      static_cast<double>(n16_of(*p.w).chunks.size()) / std::max(static_cast<double>(p.k), 1.0);
  const double three = cost.digits_cycles + cost.digits_chunk_cycles * chunks;
  const double two = cost.words_cycles + cost.words_chunk_cycles * chunks;
  double cycles = p.x.dtype == DType::f32 ? three * 4 / 3 : p.k >= rounded_min_k ? two : three;
  cycles *= static_cast<double>(p.m);
  const auto prepared = static_cast<double>(kernel().prepared_bytes(p, n16_of(*p.w)));
  if (prepared > core::cached_bytes) {
    cycles += prepared / static_cast<double>(c.tile_n * p.k) / cost.read_bytes_per_cycle;
  }
  return predict(p, c, device, cycles);
}

double predict_panel(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device) {
  const core::CpuCost& cost = core::cpu_cost(device.isa);
  return predict(p, c, device,
                 cost.panel_dequantize_cycles + cost.panel_cycles * static_cast<double>(p.m));
}

double predict_pairs(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device) {
  const core::CpuCost& cost = core::cpu_cost(device.isa);
  return predict(p, c, device,
                 cost.panel_dequantize_cycles + cost.pairs_cycles * static_cast<double>(p.m));
}

double predict_reference(const LinearProblem& p, const GemmConfig& c, const DeviceInfo& device) {
  return predict(p, c, device, 40.0 * static_cast<double>(p.m));
}

template <const TileKernel& (*kernel)()>
std::size_t workspace(const LinearProblem& p, const GemmConfig& c) {
  return execute_workspace(kernel(), p, c);
}

template <const TileKernel& (*kernel)()>
void run(const LinearProblem& p, const GemmConfig& c, void* memory) {
  execute(kernel(), p, c, memory);
}

template <Isa isa, const TileKernel& (*kernel)()>
constexpr LinearKernel digits_row(std::string_view name, std::string_view description) {
  return {name,
          description,
          DeviceType::cpu,
          WeightRounding::exact,
          needs<isa>,
          reject_digits,
          digits_menu,
          schedules,
          predict_digits<kernel>,
          workspace<kernel>,
          execute_workers,
          run<kernel>};
}

template <Isa isa, const TileKernel& (*kernel)()>
constexpr LinearKernel panel_row(std::string_view name, std::string_view description) {
  return {name,          description,       DeviceType::cpu, WeightRounding::exact,
          needs<isa>,    reject_nothing,    panel_menu,      schedules,
          predict_panel, workspace<kernel>, execute_workers, run<kernel>};
}

using namespace simd;

constexpr std::array rows{
    LinearKernel{"cpu/avx512bf16/pairs", "pairs of bf16 x, vdpbf16ps", DeviceType::cpu,
                 WeightRounding::exact, needs<Isa::avx512bf16>, reject_pairs, panel_menu, schedules,
                 predict_pairs, workspace<pairs_avx512bf16>, execute_workers,
                 run<pairs_avx512bf16>},
    digits_row<Isa::avx512vnni, digits_avx512vnni>("cpu/avx512vnni/digits",
                                                   "digits of x, vpdpbusd"),
    digits_row<Isa::avx512, digits_avx512>("cpu/avx512/digits",
                                           "digits of x, vpmaddubsw on 512 bits"),
    panel_row<Isa::avx512, panel_avx512>("cpu/avx512/panel", "f32 panels, FMA on 512 bits"),
    digits_row<Isa::avx2, digits_avx2>("cpu/avx2/digits", "digits of x, vpmaddubsw and vpmaddwd"),
    panel_row<Isa::avx2, panel_avx2>("cpu/avx2/panel", "f32 panels, FMA on 256 bits"),
    panel_row<Isa::scalar, panel_scalar>("cpu/scalar/panel", "f32 panels, any CPU"),
    LinearKernel{"cpu/reference", "plain loops: the oracle", DeviceType::cpu, WeightRounding::exact,
                 needs<Isa::scalar>, reject_schedule, reference_menu, one_schedule,
                 predict_reference,
                 [](const LinearProblem&, const GemmConfig&) { return std::size_t{0}; },
                 [](const LinearProblem&, const GemmConfig&) { return std::int64_t{1}; },
                 [](const LinearProblem& p, const GemmConfig&, void*) { reference(p, false); }},
};

}  // namespace

std::span<const LinearKernel> linear_kernels() { return rows; }

}  // namespace halfbyte::cpu
