// The CPU backend's rows for hadamard().
#include <array>

#include "cpu/backend.h"
#include "cpu/hadamard/hadamard.h"

namespace halfbyte::cpu {
namespace {

std::string_view always(const DeviceInfo&) { return {}; }
std::string_view reject_nothing(const HadamardProblem&, const DeviceInfo&) { return {}; }
std::size_t no_workspace(const HadamardProblem&, const DeviceInfo&) { return 0; }

double predict_reference(const HadamardProblem& p, const DeviceInfo&) {
  return static_cast<double>(p.rows()) * static_cast<double>(p.n) * 0.1;
}

constexpr std::array rows{
    HadamardKernel{
        "cpu/hadamard_reference", "plain loops in f64: the oracle", DeviceType::cpu, always,
        reject_nothing, predict_reference, no_workspace,
        [](const HadamardProblem& p, const DeviceInfo&, void*) { hadamard_reference(p); }},
};

}  // namespace

std::span<const HadamardKernel> hadamard_kernels() { return rows; }

}  // namespace halfbyte::cpu
