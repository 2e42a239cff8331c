// No entry point changes the caller's current device, and each works whatever it is.
#include <thread>

#include "bench/cuda/handles.h"
#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

int gpus() {
  int count = 0;
  bench::check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  return count;
}

int current() {
  int index = -1;
  bench::check(cudaGetDevice(&index), "cudaGetDevice");
  return index;
}

class CudaCurrentDevice : public test::OnDevice {
 protected:
  // One product on a GPU, by every entry point.
  std::vector<std::byte> product(int index) const {
    const Device on{DeviceType::cuda, index};
    const PackedWeight packed = pack(weight_, on);
    EXPECT_EQ(unpack(packed).codes, weight_.codes);
    const test::Operand x = test::random_operand(on, DType::f16, 5, weight_.k);
    return test::run(x.view(), packed, DType::f16, {.schedule = Schedule::split_k, .split = 2});
  }
  const QuantizedWeight weight_ = test::make_weight({.k = 512, .n = 144}, 7);
};

TEST_F(CudaCurrentDevice, IsKeptByEveryEntryPoint) {
  std::vector<std::byte> wanted;
  for (int of_the_caller = 0; of_the_caller < gpus(); ++of_the_caller) {
    for (int index = 0; index < gpus(); ++index) {
      ASSERT_EQ(cudaSetDevice(of_the_caller), cudaSuccess);
      const auto got = product(index);
      if (wanted.empty()) wanted = got;
      EXPECT_EQ(got, wanted) << "cuda:" << index << " with cuda:" << of_the_caller << " current";
      EXPECT_EQ(current(), of_the_caller);
    }
  }
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
}

TEST_F(CudaCurrentDevice, ThreadsUseTwoGpusAtOnce) {
  if (gpus() < 2) GTEST_SKIP() << "one GPU";
  const auto wanted = product(0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) EXPECT_EQ(product((t + i) % 2), wanted) << "thread " << t;
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace halfbyte
