// The plan says what runs and why the others do not; it never picks what only a caller may ask for.
#include <gtest/gtest.h>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "halfbyte/threads.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

LinearPlan plan(const PackedWeight& w, std::int64_t m, DType dtype, LinearOptions options = {}) {
  return plan_linear(TensorView::matrix(nullptr, dtype, m, w.k()), w,
                     TensorView::matrix(nullptr, dtype, m, w.n()), options);
}

TEST(Plan, NamesEveryRejectedKernelWithAReason) {
  const PackedWeight w = pack(test::make_weight({.k = 256, .n = 64, .zero = ZeroKind::minimum}, 1));
  const LinearPlan p = plan(w, 4, DType::f16);
  EXPECT_FALSE(p.kernel.empty());
  bool digits_rejected = false;
  for (const Rejection& r : p.rejected) {
    EXPECT_FALSE(r.reason.empty()) << r.kernel;
    EXPECT_NE(r.kernel, p.kernel);
    digits_rejected = digits_rejected || r.kernel == "cpu/avx2/digits";
  }
  EXPECT_TRUE(digits_rejected);
}

TEST(Plan, DoesNotDependOnTheThreads) {
  const PackedWeight w = pack(test::make_weight({.k = 512, .n = 64}, 1));
  for (const std::int64_t m : {1, 4, 16, 64}) {
    set_num_threads(1);
    const LinearPlan one = plan(w, m, DType::f16);
    set_num_threads(64);
    const LinearPlan many = plan(w, m, DType::f16);
    set_num_threads(0);
    EXPECT_EQ(one.kernel, many.kernel);
    EXPECT_EQ(one.config, many.config);
  }
}

TEST(Plan, NeverPicksTheReferenceOrAtomics) {
  for (const test::WeightCase& c : test::weight_cases()) {
    const PackedWeight w = pack(test::make_weight(c, 1));
    for (const std::int64_t m : {1, 3, 8, 100}) {
      for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
        const LinearPlan p = plan(w, m, dtype);
        EXPECT_NE(p.kernel, "cpu/reference") << to_string(c);
        EXPECT_NE(p.config.schedule, Schedule::split_k_atomic);
        EXPECT_NE(p.config.schedule, Schedule::automatic);
      }
    }
  }
}

TEST(Plan, KeepsTheScheduleAndSplitAskedFor) {
  const PackedWeight w = pack(test::make_weight({.k = 512, .n = 64}, 1));
  EXPECT_EQ(plan(w, 1, DType::f16, {.schedule = Schedule::stream_k}).config.split, 0);
  EXPECT_EQ(plan(w, 1, DType::f16, {.schedule = Schedule::data_parallel}).config.split, 1);
  EXPECT_EQ(plan(w, 1, DType::f16, {.schedule = Schedule::split_k, .split = 5}).config.split, 5);
  EXPECT_EQ(
      plan(w, 1, DType::f16, {.schedule = Schedule::split_k, .split = 2147483647}).config.split,
      2147483647);
}

TEST(Plan, TakesExactlyTheConfigurationAskedFor) {
  const PackedWeight w = pack(test::make_weight({.k = 512, .n = 64}, 1));
  const std::string kernel = "cpu/scalar/panel";
  ASSERT_GE(kernel_menu(kernel).size(), 2u);
  for (const GemmConfig& config : kernel_menu(kernel)) {
    const LinearPlan p =
        plan(w, 3, DType::f16,
             {.schedule = Schedule::split_k, .split = 2, .kernel = kernel, .config = &config});
    EXPECT_EQ(p.config.tile_m, config.tile_m);
    EXPECT_EQ(p.config.tile_n, config.tile_n);
    EXPECT_EQ(p.config.tile_k, config.tile_k);
    EXPECT_EQ(p.config.split, 2);
    EXPECT_EQ(p.workers, 2 * (64 / config.tile_n));
  }
  const GemmConfig none{.tile_m = 7, .tile_n = 7, .tile_k = 7};
  try {
    plan(w, 3, DType::f16, {.config = &none});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
  }
  EXPECT_THROW(kernel_menu("cpu/none"), Error);
}

TEST(Plan, WorkspaceOfAHugeSplitIsThatOfItsFilledSlices) {
  const PackedWeight w = pack(test::make_weight({.k = 512, .n = 64}, 1));
  const auto size = [&](std::int64_t split) {
    return plan(w, 1, DType::f16, {.schedule = Schedule::split_k, .split = split}).workspace_bytes;
  };
  EXPECT_EQ(size(4), size(2147483647));  // 512 rows are 4 chunks
}

TEST(Plan, SaysWhatTheCpuLacks) {
  const PackedWeight w = pack(test::make_weight({.k = 512, .n = 64}, 1));
  for (const Schedule schedule : {Schedule::split_k_atomic, Schedule::split_k_cluster}) {
    try {
      plan(w, 1, DType::f16, {.schedule = schedule});
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    }
  }
}

}  // namespace
}  // namespace halfbyte
