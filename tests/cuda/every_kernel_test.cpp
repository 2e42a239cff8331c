// Every compiled kernel runs at least once under each of its schedules, in few and small launches:
// what compute-sanitizer is given (scripts/gpu-check).
#include <fstream>
#include <set>

#include "bench/cuda/capture.h"
#include "cuda/backend.h"
#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/reference.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;

// The kernels that a call launches, found by capturing it.
std::vector<const void*> kernels_of(const TensorView& x, const PackedWeight& w, DType out,
                                    LinearOptions options) {
  const bench::Stream stream = bench::make_stream();
  const test::GuardedMemory y(w.device(),
                              static_cast<std::size_t>(x.shape[0] * w.n()) * size_of(out));
  const auto view = TensorView::matrix(y.data(), out, x.shape[0], w.n(), -1, w.device());
  const DeviceMemory scratch(w.device(), linear_workspace_size(x, w, view, options));
  options.workspace = scratch.data();
  options.workspace_bytes = scratch.size();
  options.stream = stream.get();
  const bench::Graph graph = bench::capture(stream.get(), [&] { linear(x, w, view, options); });
  std::size_t count = 0;
  bench::check(cudaGraphGetNodes(graph.get(), nullptr, &count), "cudaGraphGetNodes");
  std::vector<cudaGraphNode_t> nodes(count);
  bench::check(cudaGraphGetNodes(graph.get(), nodes.data(), &count), "cudaGraphGetNodes");
  std::vector<const void*> kernels;
  for (cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    bench::check(cudaGraphNodeGetType(node, &type), "cudaGraphNodeGetType");
    if (type != cudaGraphNodeTypeKernel) continue;
    cudaKernelNodeParams parameters{};
    bench::check(cudaGraphKernelNodeGetParams(node, &parameters), "cudaGraphKernelNodeGetParams");
    kernels.push_back(parameters.func);
  }
  return kernels;
}

// The mangled names, for a person to find which kernel no call reaches.
std::string names_of(const std::set<const void*>& kernels) {
  std::string text;
  for (const void* kernel : kernels) {
    const char* name = nullptr;
    if (cudaFuncGetName(&name, kernel) == cudaSuccess) text += std::string("\n") + name;
  }
  return text;
}

// How many kernels of linear() scripts/check-kernels found in the build.
std::size_t compiled_kernels(int compute_capability) {
  const std::string arch = compute_capability >= 90 ? "sm_90a" : "sm_80";
  std::ifstream budget(HALFBYTE_SOURCE_DIR "/src/cuda/budget.txt");
  std::size_t count = 0;
  for (std::string line; std::getline(budget, line);) {
    const bool is_linear = line.find("w4a16::") != line.npos || line.ends_with(" plain_kernel");
    if (line.starts_with(arch + " ") && is_linear) ++count;
  }
  return count;
}

// A weight for every row of the table, with scales that hold for 128 k and for 32.
std::vector<test::WeightCase> cases() {
  using enum ZeroKind;
  std::vector<test::WeightCase> all;
  for (const std::int64_t group : {128, 32}) {
    all.push_back({.k = 320, .n = 80, .group = group});
    all.push_back({.k = 320, .n = 80, .group = group, .zero = integer, .shuffled = true});
    all.push_back({.k = 320, .n = 80, .group = group, .zero = real});
    all.push_back({.k = 320, .n = 80, .bits = 8, .group = group, .zero = integer});
    all.push_back({.k = 320, .n = 80, .bits = 8, .group = group, .zero = minimum});
    all.push_back({.k = 320, .n = 80, .group = group, .scale = DType::e8m0, .table = true});
  }
  return all;
}

using EveryKernel = test::OnDevice;

TEST_F(EveryKernel, RunsUnderEachSchedule) {
  std::set<const void*> kernels;
  std::set<std::pair<const void*, Schedule>> seen;
  test::Tally tally;
  for (const test::WeightCase& c : cases()) {
    const QuantizedWeight weight = test::make_weight(c, 3);
    const PackedWeight packed = pack(weight, device);
    for (const DType dtype : {DType::f16, DType::bf16}) {
      const std::int64_t m = 9;
      const test::Operand x = test::random_operand(device, dtype, m, c.k);
      test::References references(weight, x.host());
      for (const Call& call : test::calls_for(x.view(), packed, test::unplaced(packed, m, dtype))) {
        bool is_new = false;
        for (const void* kernel : kernels_of(x.view(), packed, dtype, call.options())) {
          kernels.insert(kernel);
          is_new = seen.emplace(kernel, call.division.schedule).second || is_new;
        }
        if (!is_new) continue;
        const auto y = test::run(x.view(), packed, dtype, call);
        EXPECT_TRUE(references.check(y, dtype, call, false, tally)) << to_string(c);
      }
    }
  }
  tally.print("every kernel");
  std::printf("%zu kernels\n", kernels.size());
  EXPECT_EQ(kernels.size(), compiled_kernels(cuda::device_info(0).compute_capability))
      << "src/cuda/budget.txt lists what is compiled; launched were" << names_of(kernels);
}

}  // namespace
}  // namespace halfbyte
