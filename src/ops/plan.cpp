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

// Whether a menu's entry is the one asked for: all of them when none is.
bool is_asked(const GemmConfig& entry, const GemmConfig* asked) {
  return asked == nullptr || (entry.tile_m == asked->tile_m && entry.tile_n == asked->tile_n &&
                              entry.tile_k == asked->tile_k && entry.stages == asked->stages &&
                              entry.warps == asked->warps);
}

// A sum in one piece is the simpler thing: dividing k has to win clearly.
double margin(Schedule schedule) { return schedule == Schedule::data_parallel ? 1.0 : 0.9; }

}  // namespace

Choice choose(const LinearProblem& problem, const LinearOptions& options, const Backend& backend,
              std::vector<Rejection>* rejected) {
  const DeviceInfo& device = backend.device_info(problem.w->device().index);
  Choice best;
  for (const LinearKernel& kernel : backend.linear_kernels()) {
    std::string_view reason = kernel.unavailable(device);
    bool runs = false;
    if (reason.empty() && !options.kernel.empty() && options.kernel != kernel.name) {
      reason = "another kernel is asked for";
    }
    if (reason.empty()) {
      reason = "it has no such schedule";
      for (const Schedule schedule : kernel.schedules) {
        if (!may_choose(schedule, options.schedule)) continue;
        if (!runs) reason = "it has no such configuration";
        for (GemmConfig config : kernel.menu) {
          if (!is_asked(config, options.config)) continue;
          config.schedule = schedule;
          for (const std::int64_t split : split_factors(schedule, options.split)) {
            config.split = split;
            const std::string_view refusal = kernel.reject(problem, config, device);
            if (!refusal.empty()) {
              if (!runs) reason = refusal;
              continue;
            }
            runs = true;
            const double us = kernel.predict(problem, config, device);
            if (best.kernel == nullptr || us < best.predicted_us * margin(schedule)) {
              best = {&kernel, config, us};
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

}  // namespace halfbyte
