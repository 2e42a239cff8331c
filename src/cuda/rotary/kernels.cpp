// The CUDA backend's rows for rotary_hadamard().
#include <array>

#include "core/cost/hadamard.h"
#include "cuda/backend.h"
#include "cuda/rotary/launch.h"

namespace halfbyte::cuda {
namespace {

using namespace rotary;

std::string_view needs_gpu(const DeviceInfo& device) {
  if (device.compute_capability < 80) return "needs compute capability 8.0";
  // Newer GPUs would run what the driver makes of the PTX: refused until a self-test can vouch for
  // it.
  if (device.compute_capability > 90) return "no machine code for this GPU in this build";
  return {};
}

// Instructions of a warp for 256 elements, counted by hand.
double predict(const RotaryProblem& p, const DeviceInfo& device, double tile_instructions) {
  const double elements = static_cast<double>(p.heads.rows()) * static_cast<double>(p.heads.n);
  const double bytes = 2 + static_cast<double>(size_of(p.heads.y_dtype));
  constexpr double block_tiles = 2 * warps_per_block;
  return core::hadamard_us({.bytes = elements * bytes,
                            .blocks = elements / 256 / block_tiles,
                            .resident = blocks_per_sm,
                            .warps = warps_per_block,
                            .warp_instructions = 2 * tile_instructions,
                            .barriers = 0},
                           device.workers, device.read_gbps * 1e3);
}

std::string_view reject_vectors(const RotaryProblem& p, const DeviceInfo&) {
  const std::string_view reason = reject_problem(p);
  return reason.empty() ? reject_layout(p) : reason;
}

constexpr std::array rows{
    RotaryKernel{
        "cuda/rotary_hadamard", "heads of 8 ... 256 in registers, 16-byte loads", DeviceType::cuda,
        needs_gpu, reject_vectors,
        [](const RotaryProblem& p, const DeviceInfo& d) {
          return predict(p, d, p.heads.kind == core::CodeKind::none ? 155 : 200);
        },
        [](const RotaryProblem& p, const DeviceInfo& d) { launch(vector_instance(p), p, d); }},
    RotaryKernel{
        "cuda/rotary_hadamard_gathered", "heads of 8 ... 256 in registers, any step and alignment",
        DeviceType::cuda, needs_gpu,
        [](const RotaryProblem& p, const DeviceInfo&) { return reject_problem(p); },
        [](const RotaryProblem& p, const DeviceInfo& d) { return predict(p, d, 700); },
        [](const RotaryProblem& p, const DeviceInfo& d) { launch(gathering_instance(p), p, d); }},
};

}  // namespace

std::span<const RotaryKernel> rotary_kernels() { return rows; }

}  // namespace halfbyte::cuda
