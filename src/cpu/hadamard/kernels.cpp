// The CPU backend's rows for hadamard().
#include <array>

#include "cpu/backend.h"
#include "cpu/hadamard/rows.h"

namespace halfbyte::cpu {
namespace {

std::string_view reject_nothing(const HadamardProblem&, const DeviceInfo&) { return {}; }
std::size_t no_workspace(const HadamardProblem&, const DeviceInfo&) { return 0; }

template <const HadamardSimd& (*simd)()>
std::string_view reject_across(const HadamardProblem& p, const DeviceInfo&) {
  if (p.size.n() * simd().lanes > largest_span) return "a piece of every lane is over 256 KB";
  if (p.group > p.size.n() || (p.group > 0 && p.size.n() % p.group != 0)) {
    return "more than one piece shares a scale";
  }
  if (p.kind == core::CodeKind::int4 && p.size.n() % 2 != 0) return "a piece ends within a byte";
  return {};
}

// Lanes are adjacent where rows are: a step of one between inner positions.
double predict_across(const HadamardProblem& p, const DeviceInfo& device) {
  const core::HadamardCpuCost& cost = core::hadamard_cpu_cost(device.isa);
  const bool adjacent = p.inner > 1 ? p.x_strides.inner == 1 && p.y_strides.inner == 1
                                    : p.x_strides.outer == 1 && p.y_strides.outer == 1;
  return microseconds(p, adjacent ? cost.across_rows : cost.gathered * 0.9);
}

template <Isa isa, const HadamardSimd& (*simd)()>
constexpr HadamardKernel along(std::string_view name, std::string_view description) {
  return {name,
          description,
          DeviceType::cpu,
          needs<isa>,
          reject_along<simd>,
          predict_along,
          no_workspace,
          [](const HadamardProblem& p, const DeviceInfo&, void*) { run_along_rows(p, simd()); }};
}

template <Isa isa, const HadamardSimd& (*simd)()>
constexpr HadamardKernel across(std::string_view name, std::string_view description) {
  return {name,
          description,
          DeviceType::cpu,
          needs<isa>,
          reject_across<simd>,
          predict_across,
          no_workspace,
          [](const HadamardProblem& p, const DeviceInfo&, void*) { run_across_rows(p, simd()); }};
}

double predict_reference(const HadamardProblem& p, const DeviceInfo&) {
  return microseconds(p, 1000);
}

using namespace simd;

constexpr std::array rows{
    along<Isa::avx512, hadamard_avx512>("cpu/avx512/hadamard_along_row",
                                        "f32 butterflies, 16 adjacent elements a vector"),
    across<Isa::avx512, hadamard_avx512>("cpu/avx512/hadamard_across_rows",
                                         "f32 butterflies, 16 rows a vector"),
    along<Isa::avx2, hadamard_avx2>("cpu/avx2/hadamard_along_row",
                                    "f32 butterflies, 8 adjacent elements a vector"),
    across<Isa::avx2, hadamard_avx2>("cpu/avx2/hadamard_across_rows",
                                     "f32 butterflies, 8 rows a vector"),
    along<Isa::scalar, hadamard_scalar>("cpu/scalar/hadamard_along_row",
                                        "f32 butterflies along the row, any CPU"),
    across<Isa::scalar, hadamard_scalar>("cpu/scalar/hadamard_across_rows",
                                         "f32 butterflies across rows, any CPU"),
    HadamardKernel{
        "cpu/hadamard_reference", "plain loops in f64: the oracle", DeviceType::cpu,
        needs<Isa::scalar>, reject_nothing, predict_reference, no_workspace,
        [](const HadamardProblem& p, const DeviceInfo&, void*) { hadamard_reference(p); }},
};

}  // namespace

std::span<const HadamardKernel> hadamard_kernels() { return rows; }

}  // namespace halfbyte::cpu
