// The float64 references of one weight and x, made when the first kernel needs them, and the one
// comparison with them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "tests/support/run_linear.h"

namespace halfbyte::test {

// What a sweep has seen; a sweep that ran no case fails its own count.
struct Tally {
  double worst = 0;  // error / bound
  int cases = 0;
  std::map<std::string, int> of_kernel;

  void print(const char* what) const {
    std::printf("%s: %d cases, largest error / bound %.3f\n", what, cases, worst);
    for (const auto& [kernel, count] : of_kernel) std::printf("  %s %d\n", kernel.c_str(), count);
    ::testing::Test::RecordProperty("cases", cases);
  }
};

class References {
 public:
  // All three must outlive this. x and bias are on the host.
  References(const QuantizedWeight& weight, const TensorView& x, const TensorView& bias = {})
      : weight_(weight), x_(x), bias_(bias) {}

  // For the kernels' own way of rounding weights.
  const bench::Oracle& of(WeightRounding rounding) {
    const auto [at, is_new] = oracles_.try_emplace(rounding);
    if (is_new) at->second = bench::make_oracle(weight_, x_, rounding, bias_);
    return at->second;
  }

  // Counts the result of a call and fails unless it is inside the bound. The rounding gate is for
  // zero-mean random data, and for enough outputs that their rounding is typical.
  ::testing::AssertionResult check(const std::vector<std::byte>& y, DType out, const Call& call,
                                   bool zero_mean, Tally& tally) {
    const std::int64_t m = x_.shape[0], n = weight_.n, k = weight_.k;
    const bench::Oracle& oracle = of(call.rounding);
    const bench::Verdict verdict =
        bench::compare(TensorView::matrix(y.data(), out, m, n), oracle.y64.data(), oracle.a.data(),
                       {.k = k,
                        .splits = call.partial_sums(k),
                        .rounding_gate = zero_mean && m * n >= 4000 && k >= 64});
    tally.worst = std::max(tally.worst, verdict.max_err_over_bound);
    ++tally.cases;
    ++tally.of_kernel[call.kernel];
    if (verdict.ok) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << to_string(call) << " m=" << m << " " << name(x_.dtype) << " to " << name(out) << ": "
           << verdict.reason << ", error/bound " << verdict.max_err_over_bound << ", rel_l2 "
           << verdict.rel_l2;
  }

 private:
  const QuantizedWeight& weight_;
  TensorView x_, bias_;
  std::map<WeightRounding, bench::Oracle> oracles_;
};

}  // namespace halfbyte::test
