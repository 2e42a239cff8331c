// One checked call of linear() on any device: poisoned y, workspace of exactly the size that was
// asked for, both between zones that must not change.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "tests/support/guarded_memory.h"

namespace halfbyte::test {

// How k is divided.
struct Division {
  Schedule schedule = Schedule::data_parallel;
  std::int64_t split = 0;
};
inline constexpr Division divisions[] = {
    {Schedule::data_parallel, 0},   {Schedule::split_k, 2},        {Schedule::split_k, 3},
    {Schedule::split_k, 1000000},   {Schedule::split_k_atomic, 2}, {Schedule::split_k_cluster, 2},
    {Schedule::split_k_cluster, 3}, {Schedule::stream_k, 0}};

// A kernel with a tile of its menu and a division.
struct Call {
  std::string kernel;
  GemmConfig tile;
  Division division;
  WeightRounding rounding = WeightRounding::exact;

  // Refers to this call.
  LinearOptions options(const TensorView& bias = {}) const {
    return {.bias = bias,
            .schedule = division.schedule,
            .split = division.split,
            .kernel = kernel,
            .config = &tile};
  }
  // Partial sums that meet in an output, at most: for stream-K one per step of k.
  std::int64_t partial_sums(std::int64_t k) const {
    if (division.schedule == Schedule::stream_k) return k / tile.tile_k + 2;
    return division.split == 0 ? 1 : division.split;
  }
  bool same_bits_every_time() const { return division.schedule != Schedule::split_k_atomic; }
};

inline std::string to_string(const Call& c) {
  GemmConfig config = c.tile;
  config.schedule = c.division.schedule;
  config.split = c.division.split;
  return c.kernel + " " + to_string(config);
}

// Whether the kernel takes the call; anything but E_UNSUPPORTED is a failure.
inline bool accepts(Call& call, const TensorView& x, const PackedWeight& w, const TensorView& y) {
  try {
    call.rounding = plan_linear(x, w, y, call.options()).rounding;
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    return false;
  }
}

// Every kernel of the weight's device, with every tile and division that takes these operands.
inline std::vector<Call> calls_for(const TensorView& x, const PackedWeight& w,
                                   const TensorView& y) {
  const std::string device = w.device().type == DeviceType::cpu ? "cpu/" : "cuda/";
  std::vector<Call> calls;
  for (const KernelInfo& kernel : linear_kernels()) {
    if (!kernel.unavailable.empty() || !kernel.name.starts_with(device)) continue;
    for (const GemmConfig& tile : kernel_menu(kernel.name)) {
      for (const Division& division : divisions) {
        Call call{kernel.name, tile, division};
        if (accepts(call, x, w, y)) calls.push_back(call);
      }
    }
  }
  return calls;
}

// y (m, n) of a type for calls_for, which needs no memory.
inline TensorView unplaced(const PackedWeight& w, std::int64_t m, DType dtype) {
  return TensorView::matrix(nullptr, dtype, m, w.n(), -1, w.device());
}

// Runs a call whose x and bias are on the weight's device. Returns y's bytes: rows of n, dense.
inline std::vector<std::byte> run(const TensorView& x, const PackedWeight& w, DType out,
                                  LinearOptions options = {}) {
  const std::int64_t m = x.shape[0];
  const GuardedMemory y(w.device(), static_cast<std::size_t>(m * w.n()) * size_of(out));
  const auto view = TensorView::matrix(y.data(), out, m, w.n(), -1, w.device());
  const GuardedMemory scratch(w.device(), linear_workspace_size(x, w, view, options));
  options.workspace = scratch.data();
  options.workspace_bytes = scratch.size();
  linear(x, w, view, options);
  synchronize(w.device());
  (void)scratch.read();
  return y.read();
}

inline std::vector<std::byte> run(const TensorView& x, const PackedWeight& w, DType out,
                                  const Call& call, const TensorView& bias = {}) {
  return run(x, w, out, call.options(bias));
}

}  // namespace halfbyte::test
