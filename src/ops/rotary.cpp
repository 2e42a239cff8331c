// rotary_hadamard(): check, choose, run.
#include "halfbyte/rotary.h"

#include "ops/choose_kernel.h"
#include "ops/kernel_info.h"
#include "ops/rotary_check.h"

namespace halfbyte {
namespace {

constexpr auto table = [](const Backend& backend) { return backend.rotary_kernels(); };

struct Planned {
  const DeviceInfo* device;
  KernelChoice<RotaryKernel> choice;
};

Planned plan(std::string_view function, const RotaryProblem& problem, std::string_view asked,
             std::vector<Rejection>* rejected = nullptr) {
  const Device device = problem.heads.device;
  const Backend& backend = backend_for(device.type, function);
  const DeviceInfo& info = backend.device_info(device.index);
  const Planned planned{&info, choose_kernel(table(backend), problem, asked, info, rejected)};
  if (planned.choice.kernel == nullptr) {
    std::vector<Rejection> all;
    choose_kernel(table(backend), problem, asked, info, &all);
    fail_without_kernel(function, asked, all, table);
  }
  return planned;
}

}  // namespace

void rotary_hadamard(const TensorView& x, const Rotary& rotary, const TensorView& y,
                     const HadamardOptions& options) {
  const RotaryProblem problem = check_rotary("rotary_hadamard", x, rotary, y, options);
  if (problem.heads.rows() == 0 || problem.heads.n == 0) return;
  const Planned planned = plan("rotary_hadamard", problem, options.kernel);
  check_rotary_memory(x, rotary, y, options, problem);
  planned.choice.kernel->run(problem, *planned.device);
}

HadamardPlan plan_rotary_hadamard(const TensorView& x, const Rotary& rotary, const TensorView& y,
                                  const HadamardOptions& options) {
  const RotaryProblem problem = check_rotary("plan_rotary_hadamard", x, rotary, y, options);
  HadamardPlan result;
  const Planned planned = plan("plan_rotary_hadamard", problem, options.kernel, &result.rejected);
  result.kernel = planned.choice.kernel->name;
  result.predicted_us = planned.choice.predicted_us;
  return result;
}

std::vector<KernelInfo> rotary_kernels() { return kernel_infos(table); }

}  // namespace halfbyte
