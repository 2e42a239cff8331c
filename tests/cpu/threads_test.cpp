// Bits do not depend on the number of threads, nor on who runs the tasks.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "cpu/threads.h"
#include "halfbyte/threads.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

struct RestoreThreads {
  ~RestoreThreads() {
    set_num_threads(0);
    set_executor(nullptr, nullptr);
  }
};

TEST(Threads, DoNotChangeBits) {
  const RestoreThreads restore;
  const PackedWeight packed = pack(test::make_weight({.k = 1024, .n = 208, .group = 64}, 3));
  for (const std::int64_t m : {1, 5, 16}) {
    const test::Operand x = test::random_operand({}, DType::f16, m, 1024, 4);
    const auto calls = test::calls_for(x.view(), packed, test::unplaced(packed, m, DType::f16));
    std::vector<LinearOptions> all = {{}};  // the planner's choice
    for (const auto& call : calls) all.push_back(call.options());
    for (const LinearOptions& options : all) {
      set_num_threads(1);
      const auto wanted = test::run(x.view(), packed, DType::f16, options);
      for (const int threads : {2, 3, 7, 16}) {
        set_num_threads(threads);
        EXPECT_EQ(test::run(x.view(), packed, DType::f16, options), wanted)
            << options.kernel << " " << name(options.schedule) << " " << options.split << " with "
            << threads << " threads";
      }
    }
  }
}

TEST(Threads, RunOnACallersExecutor) {
  const RestoreThreads restore;
  static int tasks_run = 0;
  tasks_run = 0;
  set_executor(
      [](void*, int count, Task task, void* context) {
        for (int i = count - 1; i >= 0; --i) task(context, i), ++tasks_run;
      },
      nullptr);
  const PackedWeight packed = pack(test::make_weight({.k = 256, .n = 128}, 3));
  const std::vector<std::byte> x(256 * 2);
  test::run(TensorView::matrix(x.data(), DType::f16, 1, 256), packed, DType::f16);
  EXPECT_GT(tasks_run, 1);
}

TEST(Threads, WorkInAForkedChild) {
  const RestoreThreads restore;
  set_num_threads(4);
  const PackedWeight packed = pack(test::make_weight({.k = 256, .n = 512}, 3));
  const std::vector<std::byte> x(256 * 2, std::byte{0x3C});
  const auto view = TensorView::matrix(x.data(), DType::f16, 1, 256);
  const auto wanted = test::run(view, packed, DType::f16);  // the pool has threads now
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(test::run(view, packed, DType::f16) == wanted ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Threads, TasksMayCallAgain) {
  const RestoreThreads restore;
  set_num_threads(4);
  std::vector<int> counts(64);
  cpu::parallel_for(8, [&](std::int64_t i) {
    cpu::parallel_for(8, [&, i](std::int64_t j) { ++counts[static_cast<std::size_t>(8 * i + j)]; });
  });
  for (const int count : counts) EXPECT_EQ(count, 1);
}

TEST(Threads, RunEveryTaskOnce) {
  const RestoreThreads restore;
  // Threads that come late, when the next job (of another size) is already there, must not disturb
  // it.
  for (const int threads : {2, 3, 5, 8, 16}) {
    set_num_threads(threads);
    for (int round = 0; round < 8000; ++round) {
      std::atomic<int> sum{0};
      const int count = 1 + round % 97;
      cpu::parallel_for(count, [&](std::int64_t i) { sum += static_cast<int>(i) + 1; });
      ASSERT_EQ(sum, count * (count + 1) / 2);
    }
  }
}

TEST(Threads, CountIsPositiveAndCanBeSet) {
  const RestoreThreads restore;
  EXPECT_GE(num_threads(), 1);
  set_num_threads(5);
  EXPECT_EQ(num_threads(), 5);
  set_num_threads(0);
  EXPECT_GE(num_threads(), 1);
}

}  // namespace
}  // namespace halfbyte
