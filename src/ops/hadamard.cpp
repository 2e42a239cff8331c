// hadamard(): check, choose, run.
#include "halfbyte/hadamard.h"

#include "core/hadamard/signs.h"
#include "ops/check.h"
#include "ops/choose_kernel.h"
#include "ops/hadamard_check.h"
#include "ops/kernel_info.h"

namespace halfbyte {
namespace {

constexpr auto table = [](const Backend& backend) { return backend.hadamard_kernels(); };

struct Planned {
  HadamardProblem problem;
  const DeviceInfo* device;
  KernelChoice<HadamardKernel> choice;
};

Planned plan(std::string_view function, const TensorView& x, const TensorView& y,
             const HadamardOptions& options, std::vector<Rejection>* rejected = nullptr) {
  Planned planned{check_hadamard(function, x, y, options), nullptr, {}};
  const Backend& backend = backend_for(x.device.type, function);
  planned.device = &backend.device_info(x.device.index);
  const std::span<const HadamardKernel> kernels = table(backend);
  planned.choice =
      choose_kernel(kernels, planned.problem, options.kernel, *planned.device, rejected);
  if (planned.choice.kernel == nullptr) {
    std::vector<Rejection> all;
    choose_kernel(kernels, planned.problem, options.kernel, *planned.device, &all);
    fail_without_kernel(function, options.kernel, all, table);
  }
  return planned;
}

bool is_empty(const HadamardProblem& problem) { return problem.rows() == 0 || problem.n == 0; }

}  // namespace

void hadamard(const TensorView& x, const TensorView& y, const HadamardOptions& options) {
  const HadamardProblem checked = check_hadamard("hadamard", x, y, options);
  if (is_empty(checked)) return;
  const Planned planned = plan("hadamard", x, y, options);
  const HadamardKernel& kernel = *planned.choice.kernel;
  check_hadamard_memory("hadamard", x, y, options, planned.problem,
                        kernel.workspace(planned.problem, *planned.device));
  kernel.run(planned.problem, *planned.device, options.workspace);
}

HadamardPlan plan_hadamard(const TensorView& x, const TensorView& y,
                           const HadamardOptions& options) {
  HadamardPlan result;
  const Planned planned = plan("plan_hadamard", x, y, options, &result.rejected);
  result.kernel = planned.choice.kernel->name;
  result.predicted_us = planned.choice.predicted_us;
  result.workspace_bytes = planned.choice.kernel->workspace(planned.problem, *planned.device);
  return result;
}

std::size_t hadamard_workspace_size(const TensorView& x, const TensorView& y,
                                    const HadamardOptions& options) {
  const Planned planned = plan("hadamard_workspace_size", x, y, options);
  return planned.choice.kernel->workspace(planned.problem, *planned.device);
}

std::vector<KernelInfo> hadamard_kernels() { return kernel_infos(table); }

bool has_hadamard(std::int64_t n) { return core::hadamard_size(n).q != 0; }

int hadamard_sign(std::int64_t n, std::int64_t i, std::int64_t j) {
  const core::HadamardSize size = core::hadamard_size(n);
  if (size.q == 0) {
    ArgumentCheck{"hadamard_sign", "n"}.fail(ErrorCode::shape, std::to_string(n),
                                             "the size of a transform", "see has_hadamard");
  }
  for (const std::int64_t index : {i, j}) {
    if (index >= 0 && index < n) continue;
    ArgumentCheck{"hadamard_sign", "index"}.fail(ErrorCode::range, std::to_string(index),
                                                 "0 ... " + std::to_string(n - 1));
  }
  return core::hadamard_entry(size, i, j);
}

}  // namespace halfbyte
