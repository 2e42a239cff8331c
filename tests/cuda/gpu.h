// What a test needs to know of this machine's GPU.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "bench/cuda/handles.h"
#include "cuda/backend.h"
#include "halfbyte/error.h"

// Why there is no GPU to test on; empty where there is one.
inline std::string why_no_gpu() {
  try {
    (void)halfbyte::cuda::device_info(0);
    return "";
  } catch (const halfbyte::Error& error) {
    if (error.code() == halfbyte::ErrorCode::no_gpu) return "no GPU";
    return error.what();
  }
}

// Skips only for want of a GPU: a driver that is too old, say, is a failure of the machine to test
// on.
#define SKIP_WITHOUT_GPU()                          \
  do {                                              \
    const std::string why = why_no_gpu();           \
    if (why == "no GPU") GTEST_SKIP() << why;       \
    ASSERT_EQ(why, "") << "the GPU cannot be used"; \
  } while (false)

inline constexpr std::int64_t gib = std::int64_t{1} << 30;

inline std::int64_t free_gib() {
  std::size_t free = 0, total = 0;
  halfbyte::bench::check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return static_cast<std::int64_t>(free) / gib;
}

#define SKIP_WITHOUT_GIB(needed)                                                          \
  if (const std::int64_t has = free_gib(); has < (needed)) {                              \
    GTEST_SKIP() << "needs " << (needed) << " GiB of GPU memory, " << has << " are free"; \
  }
