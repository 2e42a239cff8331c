// One checked call of linear(): poisoned y, guarded exact workspace.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "tests/support/guarded.h"

namespace halfbyte::test {

struct Call {
  std::string kernel;
  Schedule schedule = Schedule::data_parallel;
  std::int64_t split = 0;
};

inline std::string to_string(const Call& c) {
  return c.kernel + " " + std::string(name(c.schedule)) + " " + std::to_string(c.split);
}

// Every kernel of this machine under every schedule it has.
inline std::vector<Call> calls_for(const TensorView& x, const PackedWeight& w,
                                   const TensorView& y) {
  std::vector<Call> calls;
  for (const KernelInfo& kernel : linear_kernels()) {
    if (!kernel.unavailable.empty()) continue;
    for (const Call& call :
         {Call{kernel.name, Schedule::data_parallel, 0}, Call{kernel.name, Schedule::split_k, 2},
          Call{kernel.name, Schedule::split_k, 3}, Call{kernel.name, Schedule::split_k, 1000000},
          Call{kernel.name, Schedule::stream_k, 0}}) {
      try {
        plan_linear(x, w, y,
                    {.schedule = call.schedule, .split = call.split, .kernel = call.kernel});
        calls.push_back(call);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
      }
    }
  }
  return calls;
}

// Runs the call into poisoned memory and returns y's bytes (rows of n, dense).
inline std::vector<std::byte> run(const TensorView& x, const PackedWeight& w, DType out,
                                  const Call& call, const TensorView& bias = {}) {
  const std::int64_t m = x.shape[0];
  Guarded y(static_cast<std::size_t>(m * w.n()) * size_of(out));
  const auto view = TensorView::matrix(y.data(), out, m, w.n());
  LinearOptions options{
      .bias = bias, .schedule = call.schedule, .split = call.split, .kernel = call.kernel};
  const std::size_t needed = linear_workspace_size(x, w, view, options);
  // 64-byte aligned and guarded: a vector of exactly the bytes asked for, poisoned.
  std::vector<std::byte> scratch(needed + 192, std::byte{0xFF});
  auto address = reinterpret_cast<std::uintptr_t>(scratch.data());
  auto* aligned = scratch.data() + (64 - address % 64) % 64;
  std::memset(aligned + needed, 0xC5, 64);
  options.workspace = aligned;
  options.workspace_bytes = needed;
  linear(x, w, view, options);
  EXPECT_TRUE(y.intact()) << "wrote outside of y: " << to_string(call);
  for (std::size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(aligned[needed + i], std::byte{0xC5})
        << "wrote behind the workspace: " << to_string(call);
  }
  return {y.data(), y.data() + y.size()};
}

}  // namespace halfbyte::test
