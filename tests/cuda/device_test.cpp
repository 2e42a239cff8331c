// The facts about GPUs, and the errors on machines that have none.
#include "cuda/device_guard.h"
#include "gpu.h"

namespace halfbyte::cuda {
namespace {

TEST(CudaDevice, NoGpuIsOneCleanError) {
  if (why_no_gpu() != "no GPU") GTEST_SKIP() << "there is a GPU";
  for (int attempt = 0; attempt < 2; ++attempt) {  // the second call answers the same
    try {
      (void)device_info(0);
      FAIL() << "device_info gave facts about a GPU that is not there";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::no_gpu);
      EXPECT_EQ(error.detail().function, "device_info");
      EXPECT_FALSE(error.detail().got.empty());
      EXPECT_FALSE(error.detail().advice.empty());
    }
  }
}

TEST(CudaDevice, FactsAreFilledIn) {
  SKIP_WITHOUT_GPU();
  const DeviceInfo& info = device_info(0);
  EXPECT_EQ(info.device, (Device{DeviceType::cuda, 0}));
  EXPECT_FALSE(info.name.empty());
  EXPECT_GT(info.workers, 0);
  EXPECT_GE(info.compute_capability, 80);
  EXPECT_GE(info.shared_memory_per_block, std::size_t{48} << 10);
  EXPECT_GE(info.shared_memory_per_sm, info.shared_memory_per_block);
  EXPECT_GT(info.l2_bytes, 0u);
  EXPECT_GT(info.read_gbps, 100);
  EXPECT_GE(info.fma_gmacs, 0);
}

TEST(CudaDevice, IndexOutOfRangeNamesTheDevices) {
  SKIP_WITHOUT_GPU();
  for (int index : {-1, 4096}) {
    try {
      (void)device_info(index);
      FAIL() << "index " << index << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::device);
      EXPECT_EQ(error.detail().got, "cuda:" + std::to_string(index));
    }
  }
  EXPECT_GT(device_info(0).workers, 0);  // and the next good call works
}

TEST(CudaDevice, GuardRestoresTheCallersDevice) {
  SKIP_WITHOUT_GPU();
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  {
    const DeviceGuard guard(count - 1, "test");
  }
  int current = -1;
  ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 0);
}

}  // namespace
}  // namespace halfbyte::cuda
