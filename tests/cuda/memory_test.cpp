// DeviceMemory and copy_memory on GPUs.
#include <cuda_runtime_api.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "gpu.h"
#include "halfbyte/device_memory.h"

namespace halfbyte::cuda {
namespace {

constexpr Device cpu{};
constexpr Device gpu{DeviceType::cuda, 0};

TEST(CudaMemory, BytesSurviveEveryWay) {
  SKIP_WITHOUT_GPU();
  std::vector<std::uint32_t> out(100'003);
  std::iota(out.begin(), out.end(), 7u);
  const std::size_t bytes = out.size() * sizeof(out[0]);
  const DeviceMemory a(gpu, bytes), b(gpu, bytes), host(cpu, bytes);
  EXPECT_EQ(a.device(), gpu);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.data()) % 256, 0u);
  copy_memory(a.data(), gpu, out.data(), cpu, bytes);
  copy_memory(b.data(), gpu, a.data(), gpu, bytes);
  copy_memory(host.data(), cpu, b.data(), gpu, bytes);
  std::vector<std::uint32_t> back(out.size());
  copy_memory(back.data(), cpu, host.data(), cpu, bytes);
  EXPECT_EQ(back, out);
  EXPECT_NO_THROW(synchronize(gpu));
}

TEST(CudaMemory, OutOfMemoryIsTypedAndTheNextCallWorks) {
  SKIP_WITHOUT_GPU();
  try {
    const DeviceMemory memory(gpu, std::size_t{1} << 50);
    FAIL() << "a petabyte was allocated";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::oom);
    EXPECT_EQ(error.detail().function, "DeviceMemory");
  }
  EXPECT_NO_THROW(DeviceMemory(gpu, 1024));
}

TEST(CudaMemory, KeepsTheCallersDevice) {
  SKIP_WITHOUT_GPU();
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  const Device last{DeviceType::cuda, count - 1};
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  {
    DeviceMemory memory(last, 64);
    DeviceMemory other(gpu, 64);
    copy_memory(other.data(), gpu, memory.data(), last, 64);  // two GPUs where there are two
    synchronize(last);
  }
  int current = -1;
  ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 0);
}

TEST(CudaMemory, AnIndexBeyondTheLastGpuIsRefused) {
  SKIP_WITHOUT_GPU();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{16}}) {
    try {
      const DeviceMemory memory({DeviceType::cuda, 4096}, bytes);
      FAIL() << "cuda:4096 was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::device);
    }
  }
}

}  // namespace
}  // namespace halfbyte::cuda
