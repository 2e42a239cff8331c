// Products that depend on each other, launched so that one may begin before the last has ended: the
// same bits as one after the other. Each overwrites what the one before it read, and shares its
// workspace.
#include "halfbyte/hadamard.h"
#include "linear/under_test.h"
#include "tests/cuda/stream_call.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::GuardedMemory;

constexpr std::int64_t extent = 1024, m = 5;
constexpr int length = 24;

class CudaOverlap : public test::OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    for (std::uint32_t seed : {1U, 2U}) {
      packed_.push_back(
          pack(test::make_weight({.k = extent, .n = extent, .group = 128}, seed), device));
    }
    const test::Operand x = test::random_operand(device, DType::f16, m, extent);
    start_.resize(static_cast<std::size_t>(m * extent) * 2);
    copy_memory(start_.data(), {}, x.view().data, device, start_.size());
  }

  // x -> y -> x -> ..., with transforms that keep the numbers' size in between.
  std::vector<std::byte> chain(LinearOptions options, bool overlaps, bool in_graph) {
    GuardedMemory a(device, start_.size()), b(device, start_.size());
    copy_memory(a.data(), device, start_.data(), {}, start_.size());
    const auto view = [&](GuardedMemory& memory) {
      return TensorView::matrix(memory.data(), DType::f16, m, extent, -1, device);
    };
    options.overlaps = overlaps;
    GuardedMemory scratch(device, linear_workspace_size(view(a), packed_[0], view(b), options));
    options.workspace = scratch.data();
    options.workspace_bytes = scratch.size();
    const bench::Stream stream = bench::make_stream();
    options.stream = stream.get();
    const auto start = [&] {
      for (int i = 0; i < length; ++i) {
        GuardedMemory& from = i % 2 == 0 ? a : b;
        GuardedMemory& to = i % 2 == 0 ? b : a;
        linear(view(from), packed_[static_cast<std::size_t>(i / 2 % 2)], view(to), options);
        if (i % 3 == 2) hadamard(view(to), view(to), {.scale = 0.01F, .stream = stream.get()});
      }
    };
    if (in_graph) {
      const bench::GraphExec graph = bench::instantiate(bench::capture(stream.get(), start));
      bench::check(cudaGraphLaunch(graph.get(), stream.get()), "cudaGraphLaunch");
    } else {
      start();
    }
    bench::check(cudaStreamSynchronize(stream.get()), "cudaStreamSynchronize");
    (void)scratch.read();
    return a.read();
  }

  std::vector<PackedWeight> packed_;
  std::vector<std::byte> start_;
};

TEST_F(CudaOverlap, ChainsHaveTheSameBitsAsOneAfterTheOther) {
  int calls = 0;
  for (const Call& call :
       test::calls_for(TensorView::matrix(nullptr, DType::f16, m, extent, -1, device), packed_[0],
                       test::unplaced(packed_[0], m, DType::f16))) {
    if (!call.same_bits_every_time() || call.kernel == "cuda/plain") continue;
    const std::vector<std::byte> wanted = chain(call.options(), false, false);
    for (int repeat = 0; repeat < 4; ++repeat) {
      EXPECT_EQ(chain(call.options(), true, repeat % 2 == 0), wanted) << to_string(call);
    }
    ++calls;
  }
  EXPECT_GT(calls, 20);
}

}  // namespace
}  // namespace halfbyte
