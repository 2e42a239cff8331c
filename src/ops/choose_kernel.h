// The choice among the rows of a table that have no configurations: hadamard() and its relatives.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/check.h"
#include "ops/kernel.h"

namespace halfbyte {

template <class Kernel>
struct KernelChoice {
  const Kernel* kernel = nullptr;  // null: every kernel rejects the problem
  double predicted_us = 0;
};

// The cheapest by prediction among the kernels that reject nothing. Allocates nothing without
// `rejected`, which gets the reason of every other kernel.
template <class Kernel, class Problem>
KernelChoice<Kernel> choose_kernel(std::span<const Kernel> kernels, const Problem& problem,
                                   std::string_view asked, const DeviceInfo& device,
                                   std::vector<Rejection>* rejected = nullptr) {
  KernelChoice<Kernel> best;
  for (const Kernel& kernel : kernels) {
    std::string_view reason = kernel.unavailable(device);
    if (reason.empty() && !asked.empty() && asked != kernel.name) {
      reason = "another kernel is asked for";
    }
    if (reason.empty()) reason = kernel.reject(problem, device);
    if (!reason.empty()) {
      if (rejected != nullptr) {
        rejected->push_back({std::string(kernel.name), std::string(reason)});
      }
      continue;
    }
    const double us = kernel.predict(problem, device);
    if (best.kernel == nullptr || us < best.predicted_us) best = {&kernel, us};
  }
  return best;
}

// `rows(backend)` is the operation's table: tells a name that none has from one that cannot run.
template <class Rows>
[[noreturn]] void fail_without_kernel(std::string_view function, std::string_view asked,
                                      const std::vector<Rejection>& rejected, const Rows& rows) {
  const ArgumentCheck is{function, "kernel"};
  bool is_known = asked.empty();
  for (const Backend& backend : backends()) {
    for (const auto& kernel : rows(backend)) is_known = is_known || kernel.name == asked;
  }
  if (!is_known) {
    is.fail(ErrorCode::arg, std::string(asked), "the name of a kernel", "see list-kernels");
  }
  std::string reasons;
  for (const Rejection& r : rejected) {
    reasons += (reasons.empty() ? "" : "; ") + r.kernel + ": " + r.reason;
  }
  is.fail(ErrorCode::unsupported, asked.empty() ? "any" : std::string(asked),
          "a call that a kernel of this device can run", reasons);
}

}  // namespace halfbyte
