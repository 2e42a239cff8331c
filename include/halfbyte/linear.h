// linear: y = x W (+ bias) with 16- or 32-bit x and a low-bit W, dequantised inside the kernel.
//
// Domain: m, n, k >= 0; x (m, k) and y (m, n) in f16, bf16 or f32, any row stride, unit or other
// column stride; bias (n,) in f16, bf16 or f32. Products are summed in 32 bits or better and
// rounded once to y's type; the bound on the error is in docs/accuracy.md.
//
// A call allocates nothing, keeps no state and reads nothing back. It needs linear_workspace_size()
// bytes of scratch memory from the caller, of any content; calls that run at the same time need one
// each. The same call gives the same bits on every run and with any number of threads.
//
// Source of the schedules: arXiv 2402.00025 (split-K, data-parallel), arXiv 2301.03598 (stream-K).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte {

// How the k extent of an output tile is divided among workers.
enum class Schedule : std::uint8_t {
  automatic,        // the planner's choice
  data_parallel,    // one worker sums all of k for a tile
  split_k,          // `split` workers a tile, partial sums added in slice order in f32
  split_k_atomic,   // as published: partial sums added atomically, in any order
  split_k_cluster,  // partial sums added in the shared memory of a thread block cluster
  stream_k,         // a fixed number of workers, each with an equal share of all k steps
};

std::string_view name(Schedule schedule);            // "split-k"
Schedule schedule_from_name(std::string_view name);  // throws E_ARG listing the names

// What a kernel is compiled or called for. Printed and compared as data.
struct GemmConfig {
  int tile_m = 0;
  int tile_n = 0;
  int tile_k = 0;
  int stages = 1;
  int warps = 1;
  Schedule schedule = Schedule::data_parallel;
  std::int64_t split = 1;  // slices a tile for split-K; 1 for data-parallel, 0 for stream-K
  friend bool operator==(const GemmConfig&, const GemmConfig&) = default;
};

std::string to_string(const GemmConfig& config);

struct LinearOptions {
  TensorView bias{};  // (n,), or not given
  Schedule schedule = Schedule::automatic;
  std::int64_t split = 0;     // 1 ... 2^31-1 with a split-K schedule; 0: chosen
  std::string_view kernel{};  // a kernel's name (list-kernels); empty: chosen
  // The bits of a row of y depend on that row of x, the weight and the other options alone, not on
  // m or the other rows: kernel, schedule and split are chosen as for a few rows, whatever m is.
  // Not with stream-K, whose shares depend on m, nor with atomics: E_UNSUPPORTED.
  bool batch_invariant = false;
  // A tile of a kernel's menu: exactly its tile_m, tile_n, tile_k, stages and warps; null: chosen.
  const GemmConfig* config = nullptr;
  void* workspace = nullptr;  // linear_workspace_size() bytes on the weight's device
  std::size_t workspace_bytes = 0;
  void* stream = nullptr;  // cudaStream_t; unused on the CPU
  // On GPUs of compute capability 9.0 the kernel may begin while the stream's previous kernel is
  // still at work (programmatic dependent launch). It reads W, which is complete since pack()
  // returned, and touches x, y, bias and the workspace only when all earlier work has ended.
  bool overlaps = true;
};

// Whether a kernel's reference weight is (q - z) s itself or that value rounded to 16 bits.
enum class WeightRounding : std::uint8_t { exact, rounded16 };

struct Rejection {
  std::string kernel;
  std::string reason;
};

// What linear() would do for a call, and why.
struct LinearPlan {
  std::string kernel;
  GemmConfig config;
  WeightRounding rounding = WeightRounding::exact;
  double predicted_us = 0;
  std::size_t workspace_bytes = 0;
  std::int64_t workers = 0;         // thread blocks, or tasks of the CPU's threads
  std::vector<Rejection> rejected;  // every kernel that cannot run this call
};

// Errors of all three: E_DTYPE, E_SHAPE, E_STRIDE, E_RANGE (split), E_ARG (null pointer, unknown
// kernel), E_DEVICE, E_UNSUPPORTED (no kernel of this device has the schedule); linear() adds
// E_WORKSPACE (too small) and E_ALIAS (y overlaps an input or the workspace). y is untouched then.
void linear(const TensorView& x, const PackedWeight& w, const TensorView& y,
            const LinearOptions& options = {});
LinearPlan plan_linear(const TensorView& x, const PackedWeight& w, const TensorView& y,
                       const LinearOptions& options = {});
std::size_t linear_workspace_size(const TensorView& x, const PackedWeight& w, const TensorView& y,
                                  const LinearOptions& options = {});

// Every kernel of this build with the device it is for, in the order of the table.
struct KernelInfo {
  std::string name;
  std::string description;
  std::string unavailable;  // why this machine cannot run it; empty when it can
};
std::vector<KernelInfo> linear_kernels();

// The configurations that a kernel is compiled for, for LinearOptions::config: schedule and split
// are not part of them. Throws E_ARG when there is no kernel of this name.
std::vector<GemmConfig> kernel_menu(std::string_view kernel);

}  // namespace halfbyte
