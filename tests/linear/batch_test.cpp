// LinearOptions::batch_invariant: the planner's own choice gives a row the same bits in any
// company.
#include <cstring>

#include "halfbyte/error.h"
#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Operand;
using test::random_operand;
using test::WeightCase;

class LinearBatch : public test::OnDevice {
 protected:
  // Whether any kernel takes x under the schedule: of CUDA's none divides k for f32 x.
  static bool runs(const TensorView& x, const PackedWeight& w, const LinearOptions& options) {
    try {
      plan_linear(x, w, test::unplaced(w, x.shape[0], x.dtype), options);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
      EXPECT_EQ(x.dtype, DType::f32) << error.what();
      return false;
    }
  }
};

TEST_F(LinearBatch, RowsHaveTheSameBitsAtAnyM) {
  constexpr std::int64_t most = 70;
  for (const WeightCase& weight :
       {WeightCase{.k = 512, .n = 128}, WeightCase{.k = 344, .n = 72, .bits = 8, .group = 8},
        WeightCase{.k = 256, .n = 64, .group = 64, .zero = ZeroKind::real, .shuffled = true}}) {
    const PackedWeight packed = pack(test::make_weight(weight, 3), device);
    for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
      for (const Schedule schedule : {Schedule::automatic, Schedule::split_k}) {
        for (const std::int64_t stride : {weight.k, weight.k + 3}) {
          const Operand x = random_operand(device, dtype, most, weight.k, 5, stride);
          LinearOptions options{.schedule = schedule};
          if (schedule != Schedule::automatic && !runs(x.view(), packed, options)) continue;
          options.batch_invariant = true;
          const auto rows = [&](std::int64_t m) {
            TensorView view = x.view();
            view.shape[0] = m;
            return test::run(view, packed, dtype, options);
          };
          const auto all = rows(most);
          for (const std::int64_t m : {1, 2, 5, 16, 17, 33}) {
            const auto few = rows(m);
            ASSERT_EQ(std::memcmp(few.data(), all.data(), few.size()), 0)
                << to_string(weight) << " " << name(dtype) << " m=" << m << " stride " << stride;
          }
        }
      }
    }
  }
}

TEST_F(LinearBatch, SchedulesThatDependOnTheBatchAreRefused) {
  const PackedWeight packed = pack(test::make_weight({.k = 256, .n = 64}, 3), device);
  const Operand x = random_operand(device, DType::f16, 3, 256);
  const TensorView y = test::unplaced(packed, 3, DType::f16);
  for (const Schedule schedule : {Schedule::stream_k, Schedule::split_k_atomic}) {
    try {
      plan_linear(x.view(), packed, y, {.schedule = schedule, .batch_invariant = true});
      ADD_FAILURE() << "accepted " << name(schedule);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    }
  }
}

}  // namespace
}  // namespace halfbyte
