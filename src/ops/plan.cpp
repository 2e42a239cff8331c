#include "ops/plan.h"

#include <algorithm>
#include <array>
#include <span>

namespace halfbyte {
namespace {

bool splits(Schedule schedule) {
  return schedule == Schedule::split_k || schedule == Schedule::split_k_atomic ||
         schedule == Schedule::split_k_cluster;
}

// The split factors to try under a schedule.
std::span<const std::int64_t> split_factors(Schedule schedule, const std::int64_t& asked) {
  static constexpr std::array<std::int64_t, 1> whole{1};
  static constexpr std::array<std::int64_t, 1> fluid{0};
  static constexpr std::array<std::int64_t, 4> powers{2, 4, 8, 16};
  if (schedule == Schedule::stream_k) return fluid;
  if (!splits(schedule)) return whole;
  return asked > 0 ? std::span(&asked, 1) : std::span<const std::int64_t>(powers);
}

// Atomics give other bits on every run: only the caller may ask for them.
bool may_choose(Schedule schedule, Schedule asked) {
  return asked == Schedule::automatic ? schedule != Schedule::split_k_atomic : schedule == asked;
}

// Whose bits do not depend on how many rows there are.
bool keeps_order(Schedule schedule) {
  return schedule == Schedule::data_parallel || schedule == Schedule::split_k ||
         schedule == Schedule::split_k_cluster;
}

// Whether a row's sums are added in the same order under both configurations of a kernel.
bool same_order(const GemmConfig& a, const GemmConfig& b) {
  return a.schedule == b.schedule && a.split == b.split && a.tile_k == b.tile_k &&
         a.warps == b.warps;
}

// Whether a menu's entry is the one asked for: all of them when none is.
bool is_asked(const GemmConfig& entry, const GemmConfig* asked) {
  return asked == nullptr || (entry.tile_m == asked->tile_m && entry.tile_n == asked->tile_n &&
                              entry.tile_k == asked->tile_k && entry.stages == asked->stages &&
                              entry.warps == asked->warps);
}

// A sum in one piece is the simpler thing: dividing k has to win.
double margin(Schedule schedule) { return schedule == Schedule::data_parallel ? 1.0 : 0.955; }

}  // namespace

namespace {

// `order`: a choice whose order of sums is kept; null: any order.
Choice choose_in_order(const LinearProblem& problem, const LinearOptions& options,
                       const Backend& backend, const Choice* order,
                       std::vector<Rejection>* rejected) {
  const DeviceInfo& device = backend.device_info(problem.w->device().index);
  Choice best;
  double least = 0;  // its prediction, weighed
  for (const LinearKernel& kernel : backend.linear_kernels()) {
    std::string_view reason = kernel.unavailable(device);
    bool runs = false;
    if (reason.empty() && !options.kernel.empty() && options.kernel != kernel.name) {
      reason = "another kernel is asked for";
    }
    if (reason.empty() && order != nullptr && order->kernel != &kernel) {
      reason = "it adds in another order than the kernel for a few rows";
    }
    if (reason.empty()) {
      reason = "it has no such schedule";
      for (const Schedule schedule : kernel.schedules) {
        if (!may_choose(schedule, options.schedule)) continue;
        if (options.batch_invariant && !keeps_order(schedule)) {
          if (!runs) reason = "the schedule's sums depend on the batch";
          continue;
        }
        if (!runs) reason = "it has no such configuration";
        for (GemmConfig config : kernel.menu) {
          if (!is_asked(config, options.config)) continue;
          config.schedule = schedule;
          for (const std::int64_t split : split_factors(schedule, options.split)) {
            config.split = split;
            if (order != nullptr && !same_order(config, order->config)) continue;
            const std::string_view refusal = kernel.reject(problem, config, device);
            if (!refusal.empty()) {
              if (!runs) reason = refusal;
              continue;
            }
            runs = true;
            const double us = kernel.predict(problem, config, device);
            const double weighed = us / margin(schedule);
            if (best.kernel == nullptr || weighed < least) {
              best = {&kernel, config, us};
              least = weighed;
            }
          }
        }
      }
    }
    if (!runs && rejected != nullptr) {
      rejected->push_back({std::string(kernel.name), std::string(reason)});
    }
  }
  return best;
}

}  // namespace

Choice choose(const LinearProblem& problem, const LinearOptions& options, const Backend& backend,
              std::vector<Rejection>* rejected) {
  if (!options.batch_invariant) {
    return choose_in_order(problem, options, backend, nullptr, rejected);
  }
  LinearProblem few = problem;
  few.m = few.x.shape[0] = few.y.shape[0] = 2;  // two: the distance of rows counts
  const Choice order = choose_in_order(few, options, backend, nullptr, rejected);
  if (order.kernel == nullptr) return order;
  return choose_in_order(problem, options, backend, &order, rejected);
}

}  // namespace halfbyte
