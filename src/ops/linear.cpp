// linear(): check, choose, run.
#include "halfbyte/linear.h"

#include <array>

#include "ops/check.h"
#include "ops/kernel_info.h"
#include "ops/packed.h"
#include "ops/plan.h"

namespace halfbyte {
namespace {

constexpr std::array float_types{DType::f16, DType::bf16, DType::f32};
constexpr std::size_t workspace_alignment = 64;

constexpr std::array<std::string_view, 6> schedule_names{
    "auto", "data-parallel", "split-k", "split-k-atomic", "split-k-cluster", "stream-k"};

bool takes_split(Schedule schedule) {
  return schedule == Schedule::split_k || schedule == Schedule::split_k_atomic ||
         schedule == Schedule::split_k_cluster;
}

// Checks all but memory: what a plan depends on.
LinearProblem check_shapes(std::string_view function, const TensorView& x, const PackedWeight& w,
                           const TensorView& y, const LinearOptions& options) {
  const auto is = [&](std::string_view argument) { return ArgumentCheck{function, argument}; };
  if (w.empty()) is("w").fail(ErrorCode::handle, "an empty weight", "the result of pack()");
  is("x").rank(x, 2);
  is("y").rank(y, 2);
  is("x").dtype(x, float_types);
  is("y").dtype(y, float_types);
  is("x").extent(x, 1, "k", w.k());
  is("y").extent(y, 1, "n", w.n());
  is("y").extent(y, 0, "m", x.shape[0]);
  is("x").device(x, w.device());
  is("y").device(y, w.device());
  is("y").distinct_elements(y);
  LinearProblem problem{.m = x.shape[0],
                        .n = w.n(),
                        .k = w.k(),
                        .x = x,
                        .y = y,
                        .w = &w,
                        .stream = options.stream,
                        .overlaps = options.overlaps};
  if (options.bias.rank != 0 || options.bias.data != nullptr) {
    is("bias").rank(options.bias, 1);
    is("bias").dtype(options.bias, float_types);
    is("bias").extent(options.bias, 0, "n", w.n());
    is("bias").device(options.bias, w.device());
    problem.bias = options.bias;
  }
  if (options.split != 0) {
    if (!takes_split(options.schedule)) {
      is("split").fail(ErrorCode::arg, std::to_string(options.split),
                       "no split with schedule " + std::string(name(options.schedule)),
                       "ask for a split-k schedule");
    }
    if (options.split < 1 || options.split > 2147483647) {
      is("split").fail(ErrorCode::range, std::to_string(options.split), "1 ... 2^31-1");
    }
  }
  return problem;
}

const LinearKernel* find_kernel(std::string_view name) {
  for (const Backend& backend : backends()) {
    for (const LinearKernel& kernel : backend.linear_kernels()) {
      if (kernel.name == name) return &kernel;
    }
  }
  return nullptr;
}

[[noreturn]] void fail_unknown_kernel(std::string_view function, std::string_view kernel) {
  ArgumentCheck{function, "kernel"}.fail(ErrorCode::arg, std::string(kernel),
                                         "the name of a kernel", "see list-kernels");
}

[[noreturn]] void fail_without_kernel(std::string_view function, const LinearOptions& options,
                                      const std::vector<Rejection>& rejected) {
  if (!options.kernel.empty() && find_kernel(options.kernel) == nullptr) {
    fail_unknown_kernel(function, options.kernel);
  }
  std::string reasons;
  for (const Rejection& r : rejected) {
    reasons += (reasons.empty() ? "" : "; ") + r.kernel + ": " + r.reason;
  }
  throw Error(ErrorCode::unsupported, {.function = std::string(function),
                                       .argument = "schedule",
                                       .got = std::string(name(options.schedule)),
                                       .wanted = "a call that a kernel of this device can run",
                                       .advice = reasons});
}

Choice choose_or_throw(std::string_view function, const LinearProblem& problem,
                       const LinearOptions& options) {
  const Backend& backend = backend_for(problem.w->device().type, function);
  const Choice choice = choose(problem, options, backend);
  if (choice.kernel != nullptr) return choice;
  std::vector<Rejection> rejected;
  choose(problem, options, backend, &rejected);
  fail_without_kernel(function, options, rejected);
}

void check_memory(const LinearProblem& problem, const LinearOptions& options, std::size_t needed) {
  const auto is = [](std::string_view argument) { return ArgumentCheck{"linear", argument}; };
  is("x").pointer(problem.x);
  is("y").pointer(problem.y);
  if (problem.bias.rank != 0) is("bias").pointer(problem.bias);
  if (options.workspace_bytes < needed || (needed > 0 && options.workspace == nullptr)) {
    is("workspace")
        .fail(ErrorCode::workspace, std::to_string(options.workspace_bytes) + " bytes",
              std::to_string(needed) + " bytes", "see linear_workspace_size");
  }
  if (needed > 0 &&
      reinterpret_cast<std::uintptr_t>(options.workspace) % workspace_alignment != 0) {
    is("workspace")
        .fail(ErrorCode::align, "an address that is no multiple of 64", "alignment to 64 bytes",
              "use halfbyte::Workspace");
  }
  const MemoryRange y = memory_of(problem.y);
  const auto begin = reinterpret_cast<std::uintptr_t>(options.workspace);
  const MemoryRange workspace{begin, begin + needed};
  if (y.overlaps(memory_of(problem.x)))
    is("y").fail(ErrorCode::alias, "memory of x", "memory of its own");
  if (y.overlaps(memory_of(problem.bias))) {
    is("y").fail(ErrorCode::alias, "memory of bias", "memory of its own");
  }
  if (y.overlaps(workspace))
    is("y").fail(ErrorCode::alias, "memory of workspace", "memory of its own");
  if (workspace.overlaps(memory_of(problem.x)) || workspace.overlaps(memory_of(problem.bias))) {
    is("workspace").fail(ErrorCode::alias, "memory of x or bias", "memory of its own");
  }
}

}  // namespace

std::string_view name(Schedule schedule) {
  return schedule_names[static_cast<std::size_t>(schedule)];
}

Schedule schedule_from_name(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < schedule_names.size(); ++i) {
    if (schedule_names[i] == name) return static_cast<Schedule>(i);
    known += (i > 0 ? ", " : "") + std::string(schedule_names[i]);
  }
  ArgumentCheck{"schedule_from_name", "schedule"}.fail(ErrorCode::arg, std::string(name),
                                                       "one of " + known);
}

std::string to_string(const GemmConfig& c) {
  return "tile " + std::to_string(c.tile_m) + "x" + std::to_string(c.tile_n) + "x" +
         std::to_string(c.tile_k) + ", stages " + std::to_string(c.stages) + ", warps " +
         std::to_string(c.warps) + ", " + std::string(name(c.schedule)) +
         (takes_split(c.schedule) ? " " + std::to_string(c.split) : "");
}

void linear(const TensorView& x, const PackedWeight& w, const TensorView& y,
            const LinearOptions& options) {
  const LinearProblem problem = check_shapes("linear", x, w, y, options);
  const Choice choice = choose_or_throw("linear", problem, options);
  check_memory(problem, options, choice.kernel->workspace(problem, choice.config));
  if (problem.m == 0 || problem.n == 0) return;
  choice.kernel->run(problem, choice.config, options.workspace);
}

LinearPlan plan_linear(const TensorView& x, const PackedWeight& w, const TensorView& y,
                       const LinearOptions& options) {
  const LinearProblem problem = check_shapes("plan_linear", x, w, y, options);
  LinearPlan plan;
  const Choice choice =
      choose(problem, options, backend_for(w.device().type, "plan_linear"), &plan.rejected);
  if (choice.kernel == nullptr) fail_without_kernel("plan_linear", options, plan.rejected);
  plan.kernel = choice.kernel->name;
  plan.config = choice.config;
  plan.rounding = choice.kernel->rounding;
  plan.predicted_us = choice.predicted_us;
  plan.workspace_bytes = choice.kernel->workspace(problem, choice.config);
  plan.workers = choice.kernel->workers(problem, choice.config);
  return plan;
}

std::size_t linear_workspace_size(const TensorView& x, const PackedWeight& w, const TensorView& y,
                                  const LinearOptions& options) {
  const LinearProblem problem = check_shapes("linear_workspace_size", x, w, y, options);
  const Choice choice = choose_or_throw("linear_workspace_size", problem, options);
  return choice.kernel->workspace(problem, choice.config);
}

std::vector<KernelInfo> linear_kernels() {
  return kernel_infos([](const Backend& backend) { return backend.linear_kernels(); });
}

std::vector<GemmConfig> kernel_menu(std::string_view kernel) {
  const LinearKernel* row = find_kernel(kernel);
  if (row == nullptr) fail_unknown_kernel("kernel_menu", kernel);
  return {row->menu.begin(), row->menu.end()};
}

}  // namespace halfbyte
