// The CUDA kernels of rotary_hadamard(), their launches and their table on the host, thread by
// thread.
#include <gtest/gtest.h>

#include "cuda/backend.h"
#include "ops/rotary_check.h"
#include "tests/support/rotary_cases.h"

namespace halfbyte::test {
namespace {

struct Emulation : RotaryMachine {
  explicit Emulation(int multiprocessors) {
    device = {DeviceType::cuda, 0};
    info.device = device;
    info.workers = multiprocessors;
    info.read_gbps = 4800;
    info.compute_capability = 90;
    for (const RotaryKernel& k : cuda::rotary_kernels()) kernels.emplace_back(k.name);
  }
  bool run(const std::string& kernel, RotaryCall call, std::vector<std::byte>&,
           std::vector<std::byte>&) override {
    const RotaryProblem problem =
        check_rotary("rotary_hadamard", call.x, call.rotary, call.y, call.options);
    check_rotary_memory(call.x, call.rotary, call.y, call.options, problem);
    for (const RotaryKernel& k : cuda::rotary_kernels()) {
      if (k.name != kernel || !k.reject(problem, info).empty()) continue;
      EXPECT_GT(k.predict(problem, info), 0);
      k.run(problem, info);
      return true;
    }
    return false;
  }
  DeviceInfo info;
};

// `multiprocessors` = 0: one item a token, of as many steps as it takes; else fewer steps.
void run_all(const std::vector<RotaryCase>& cases, int multiprocessors) {
  Emulation machine(multiprocessors);
  for (const RotaryCase& c : cases) {
    RotaryCheck(c, machine.device).run(machine);
    if (testing::Test::HasFailure()) break;
  }
}

TEST(EmulatedRotary, Heads) { run_all(head_cases(), 132); }
TEST(EmulatedRotary, HeadsInManySteps) { run_all(head_cases(), 0); }
TEST(EmulatedRotary, Layouts) { run_all(rotary_layout_cases(), 0); }
TEST(EmulatedRotary, NonFinite) { run_all(rotary_nonfinite_cases(), 0); }

}  // namespace
}  // namespace halfbyte::test
