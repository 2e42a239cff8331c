#include "cli/self_test.h"

#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "bench/random_data.h"
#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "halfbyte/workspace.h"

namespace halfbyte::cli {

std::vector<KernelResult> test_kernels(Device device) {
  constexpr std::int64_t m = 3, k = 1056, n = 72;
  const QuantizedWeight weight = bench::random_weight(k, n, 96, 1);
  const PackedWeight packed = pack(weight, device);
  const std::vector<std::byte> x = bench::random_rows(m, k, DType::f16);
  const auto x_rows = TensorView::matrix(x.data(), DType::f16, m, k);

  std::vector<KernelResult> results;
  for (const KernelInfo& kernel : linear_kernels()) {
    if (!kernel.unavailable.empty()) continue;
    std::vector<std::byte> y(static_cast<std::size_t>(m * n) * size_of(DType::f16),
                             std::byte{0xff});
    const auto y_rows = TensorView::matrix(y.data(), DType::f16, m, n);
    LinearOptions options{.kernel = kernel.name};
    LinearPlan plan;
    try {
      plan = plan_linear(x_rows, packed, y_rows, options);
    } catch (const Error&) {
      continue;  // it says in list-kernels what it does not take
    }
    Workspace workspace(plan.workspace_bytes);
    options.workspace = workspace.data();
    options.workspace_bytes = workspace.size();
    linear(x_rows, packed, y_rows, options);
    const bench::Oracle oracle = bench::make_oracle(weight, x_rows, plan.rounding);
    const bench::Verdict verdict = bench::compare(y_rows, oracle.y64.data(), oracle.a.data(),
                                                  {.k = k, .splits = plan.config.split});
    results.push_back({kernel.name, verdict.max_err_over_bound, verdict.ok, verdict.reason});
  }
  return results;
}

}  // namespace halfbyte::cli
