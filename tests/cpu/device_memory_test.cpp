// DeviceMemory, copy_memory and synchronize on the CPU, and what a machine without a GPU answers.
#include "halfbyte/device_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <utility>

#include "halfbyte/error.h"

namespace halfbyte {
namespace {

constexpr Device cpu{};

template <class F>
ErrorCode code_of(const F& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_FALSE(error.detail().function.empty());
    return error.code();
  }
  ADD_FAILURE() << "accepted";
  return ErrorCode::io;
}

TEST(DeviceMemory, IsAlignedAndOwned) {
  for (const std::size_t bytes : {1, 255, 256, 257, 100000}) {
    const DeviceMemory memory(cpu, bytes);
    ASSERT_NE(memory.data(), nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 256, 0u);
    EXPECT_EQ(memory.size(), bytes);
    EXPECT_EQ(memory.device(), cpu);
    std::memset(memory.data(), 0xff, bytes);
  }
}

TEST(DeviceMemory, NothingIsNoMemory) {
  EXPECT_EQ(DeviceMemory().data(), nullptr);
  EXPECT_EQ(DeviceMemory(cpu, 0).data(), nullptr);
  EXPECT_EQ(DeviceMemory(cpu, 0).size(), 0u);
}

TEST(DeviceMemory, MovesLeaveNothingBehind) {
  DeviceMemory first(cpu, 16);
  void* data = first.data();
  DeviceMemory second(std::move(first));
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT(bugprone-use-after-move): the promise tested here
  EXPECT_EQ(first.size(), 0u);
  DeviceMemory third(cpu, 32);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.size(), 16u);
  third = std::move(*&third);
  EXPECT_EQ(third.data(), data);
}

TEST(DeviceMemory, TooMuchIsOutOfMemory) {
  for (const std::size_t bytes : {~std::size_t{0}, ~std::size_t{0} / 2}) {
    EXPECT_EQ(code_of([&] { DeviceMemory(cpu, bytes); }), ErrorCode::oom);
  }
}

TEST(CopyMemory, CopiesAndRefuses) {
  const DeviceMemory memory(cpu, 8);
  const char text[] = "0123456";
  copy_memory(memory.data(), cpu, text, cpu, 8);
  char back[8] = {};
  copy_memory(back, cpu, memory.data(), cpu, 8);
  EXPECT_STREQ(back, text);
  copy_memory(nullptr, cpu, nullptr, cpu, 0);
  EXPECT_EQ(code_of([&] { copy_memory(nullptr, cpu, text, cpu, 8); }), ErrorCode::arg);
  EXPECT_EQ(code_of([&] { copy_memory(back, cpu, nullptr, cpu, 8); }), ErrorCode::arg);
  EXPECT_EQ(code_of([&] { copy_memory(back, {DeviceType::cpu, 1}, text, cpu, 8); }),
            ErrorCode::device);
  EXPECT_STREQ(back, text);
  EXPECT_NO_THROW(synchronize(cpu));
}

TEST(DeviceMemory, ADeviceThatIsNotThereIsATypedError) {
  const Device beyond{DeviceType::cuda, 1023};
  for (const ErrorCode code :
       {code_of([&] { DeviceMemory(beyond, 16); }), code_of([&] { DeviceMemory(beyond, 0); }),
        code_of([&] { synchronize(beyond); })}) {
    // No CUDA in the build, no GPU, a driver too old, or not that many GPUs.
    EXPECT_TRUE(code == ErrorCode::unsupported || code == ErrorCode::no_gpu ||
                code == ErrorCode::driver || code == ErrorCode::device)
        << code_name(code);
  }
}

}  // namespace
}  // namespace halfbyte
