// Every CUDA row, configuration and schedule against float64.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <random>

#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "halfbyte/halfbyte.h"
#include "tests/cuda/gpu.h"
#include "tests/support/device_call.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::WeightCase;
constexpr Device gpu{DeviceType::cuda, 0};

struct Division {
  Schedule schedule;
  std::int64_t split;
};
constexpr Division divisions[] = {{Schedule::data_parallel, 0},  {Schedule::split_k, 2},
                                  {Schedule::split_k, 3},        {Schedule::split_k, 1000000},
                                  {Schedule::split_k_atomic, 2}, {Schedule::stream_k, 0}};

struct Tally {
  double worst = 0;
  int cases = 0;
  std::map<std::string, int> of_kernel;
  void print(const char* what) const {
    std::printf("%s: %d cases, largest error / bound %.3f\n", what, cases, worst);
    for (const auto& [kernel, count] : of_kernel) std::printf("  %s %d\n", kernel.c_str(), count);
  }
};

// All rows and configurations that take the call, under every schedule.
void check(const WeightCase& c, std::int64_t m, DType in, DType out, bool exact, Tally& tally) {
  const QuantizedWeight weight = test::make_weight(c, 17 + static_cast<std::uint64_t>(c.n));
  const PackedWeight packed = pack(weight, gpu);
  const std::int64_t stride = c.k + (m == 4 ? 3 : 0);  // unaligned rows among the cases
  std::mt19937_64 bits(23 + static_cast<std::uint64_t>(m));
  std::normal_distribution<double> normal;
  std::vector<std::byte> x(static_cast<std::size_t>(m * stride) * size_of(in));
  for (std::int64_t i = 0; i < m * stride; ++i) {
    store_element(x.data(), in, i, exact ? static_cast<double>(bits() % 3) - 1 : normal(bits));
  }
  std::vector<std::byte> b(static_cast<std::size_t>(c.n) * size_of(in));
  for (std::int64_t i = 0; i < c.n; ++i) {
    store_element(b.data(), in, i, exact ? static_cast<double>(bits() % 8) : normal(bits));
  }
  const auto x_memory = test::upload(x.data(), x.size(), gpu);
  const auto b_memory = test::upload(b.data(), b.size(), gpu);
  const bool with_bias = m != 1;
  const auto host_bias = with_bias ? TensorView::vector(b.data(), in, c.n) : TensorView{};
  const auto bias = with_bias ? TensorView::vector(b_memory.data(), in, c.n, gpu) : TensorView{};
  const auto host_view = TensorView::matrix(x.data(), in, m, c.k, stride);
  const auto view = TensorView::matrix(x_memory.data(), in, m, c.k, stride, gpu);
  const auto y_view = TensorView::matrix(nullptr, out, m, c.n, -1, gpu);
  std::map<WeightRounding, bench::Oracle> oracles;

  for (const KernelInfo& kernel : linear_kernels()) {
    if (!kernel.name.starts_with("cuda/") || !kernel.unavailable.empty()) continue;
    for (const GemmConfig& config : kernel_menu(kernel.name)) {
      for (const Division& d : divisions) {
        const LinearOptions options{.bias = bias,
                                    .schedule = d.schedule,
                                    .split = d.split,
                                    .kernel = kernel.name,
                                    .config = &config};
        LinearPlan plan;
        try {
          plan = plan_linear(view, packed, y_view, options);
        } catch (const Error& error) {
          ASSERT_EQ(error.code(), ErrorCode::unsupported) << error.what();
          continue;
        }
        auto& oracle = oracles[plan.rounding];
        if (oracle.y64.empty() && m * c.n > 0) {
          oracle = bench::make_oracle(weight, host_view, plan.rounding, host_bias);
        }
        auto y = test::run_on_device(view, packed, out, options);
        const auto verdict = bench::compare(
            TensorView::matrix(y.data(), out, m, c.n), oracle.y64.data(), oracle.a.data(),
            {.k = c.k,
             .splits = d.split == 0 ? 16 : d.split,
             .rounding_gate = !exact && m * c.n >= 4000 && c.k >= 64});
        bool right = verdict.ok;
        if (exact) {
          for (std::int64_t i = 0; i < m * c.n && right; ++i) {
            right = load_element(y.data(), out, i) == oracle.y64[static_cast<std::size_t>(i)];
          }
        }
        tally.worst = std::max(tally.worst, verdict.max_err_over_bound);
        ++tally.cases;
        ++tally.of_kernel[kernel.name];
        ASSERT_TRUE(right) << to_string(c) << " m=" << m << " " << kernel.name << " "
                           << to_string(plan.config) << " x " << name(in) << ": " << verdict.reason
                           << " error/bound " << verdict.max_err_over_bound << " first "
                           << verdict.first_bad;
      }
    }
  }
}

TEST(CudaLinear, StaysInsideTheBound) {
  SKIP_WITHOUT_GPU();
  Tally tally;
  for (const WeightCase& c : test::weight_cases()) {
    for (const std::int64_t m : {1, 4, 11, 40}) {
      check(c, m, DType::f16, DType::f16, false, tally);
      check(c, m, DType::bf16, DType::bf16, false, tally);
      if (m == 11) check(c, m, DType::f32, DType::f32, false, tally);
      if (m == 11) check(c, m, DType::bf16, DType::f32, false, tally);
      if (HasFatalFailure()) break;
    }
  }
  tally.print("random");
  EXPECT_GT(tally.cases, 3000);
}

TEST(CudaLinear, LayersStayInsideTheBound) {
  SKIP_WITHOUT_GPU();
  Tally tally;
  for (const std::int64_t m : {1, 8, 16, 33}) {
    check({.k = 4096, .n = 528}, m, DType::f16, DType::f16, false, tally);
    check({.k = 2048, .n = 160, .group = 64, .zero = ZeroKind::integer}, m, DType::bf16,
          DType::bf16, false, tally);
    check({.k = 4096, .n = 128, .group = 128, .shuffled = true}, m, DType::f16, DType::f16, false,
          tally);
    if (HasFatalFailure()) break;
  }
  tally.print("layers");
}

TEST(CudaLinear, IntegersAreExact) {
  SKIP_WITHOUT_GPU();
  Tally tally;
  for (WeightCase c : test::weight_cases()) {
    if (c.zero == ZeroKind::real || c.zero == ZeroKind::minimum || c.scale == DType::e8m0) continue;
    c.unit_scales = true;
    for (const std::int64_t m : {1, 9}) {
      check(c, m, DType::f16, DType::f32, true, tally);
      check(c, m, DType::bf16, DType::f32, true, tally);
      if (HasFatalFailure()) break;
    }
  }
  tally.print("integers");
  EXPECT_GT(tally.cases, 1000);
}

TEST(CudaLinear, PackingIsLossless) {
  SKIP_WITHOUT_GPU();
  for (const WeightCase& c : test::weight_cases()) {
    const QuantizedWeight weight = test::make_weight(c, 5);
    const QuantizedWeight back = unpack(pack(weight, gpu));
    EXPECT_EQ(back.codes, weight.codes) << to_string(c);
    EXPECT_EQ(back.scales, weight.scales) << to_string(c);
    EXPECT_EQ(back.zeros, weight.zeros) << to_string(c);
    EXPECT_EQ(back.g_idx, weight.g_idx) << to_string(c);
  }
}

TEST(CudaLinear, SameBitsOnEveryRun) {
  SKIP_WITHOUT_GPU();
  const QuantizedWeight weight = test::make_weight({.k = 2048, .n = 1024}, 3);
  const PackedWeight packed = pack(weight, gpu);
  std::mt19937_64 bits(1);
  std::normal_distribution<double> normal;
  std::vector<std::byte> x(std::size_t{16} * 2048 * 2);
  for (std::int64_t i = 0; i < 16 * 2048; ++i) store_element(x.data(), DType::f16, i, normal(bits));
  const auto memory = test::upload(x.data(), x.size(), gpu);
  const auto view = TensorView::matrix(memory.data(), DType::f16, 16, 2048, -1, gpu);
  for (const Division& d : divisions) {
    if (d.schedule == Schedule::split_k_atomic) continue;
    const LinearOptions options{.schedule = d.schedule, .split = d.split};
    const auto first = test::run_on_device(view, packed, DType::f16, options);
    for (int i = 0; i < 200; ++i) {
      ASSERT_EQ(test::run_on_device(view, packed, DType::f16, options), first)
          << name(d.schedule) << " run " << i;
    }
  }
}

}  // namespace
}  // namespace halfbyte
