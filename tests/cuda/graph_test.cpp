// CUDA graphs: a call can be captured without a call before it, and a replay reads what its
// operands hold then.
#include <algorithm>

#include "linear/under_test.h"
#include "tests/cuda/stream_call.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::random_operand;
using test::StreamCall;
using CudaGraph = test::OnDevice;

void replay(const bench::GraphExec& graph, const StreamCall& call) {
  bench::check(cudaGraphLaunch(graph.get(), call.stream()), "cudaGraphLaunch");
}

TEST_F(CudaGraph, ReplaysReadNewData) {
  const std::int64_t k = 1024, n = 208;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n, .group = 64}, 3), device);
  for (const std::int64_t m : {1, 8, 33}) {
    auto x = random_operand(device, DType::f16, m, k, 1);
    const auto first = random_operand({}, DType::f16, m, k, 1);
    const auto second = random_operand({}, DType::f16, m, k, 2);
    const auto fill = [&](const test::Operand& from) {
      copy_memory(x.view().data, device, from.bytes().data(), {}, from.bytes().size());
    };
    int replayed = 0;
    for (const Call& c : test::calls_for(x.view(), packed, test::unplaced(packed, m, DType::f16))) {
      if (!c.same_bits_every_time()) continue;
      StreamCall call(x.view(), packed, DType::f16, c.options());
      const bench::GraphExec graph = call.capture();
      for (const test::Operand* data : {&first, &second, &second, &first}) {
        fill(*data);
        replay(graph, call);
        const auto got = call.result();
        ASSERT_EQ(got, test::run(x.view(), packed, DType::f16, c)) << to_string(c) << " m=" << m;
      }
      call.expect_workspace_kept();
      ++replayed;
    }
    EXPECT_GT(replayed, 20);
  }
}

// Of a batch that is padded to the graph's m, only the first rows count: NaN in the others must
// not reach them.
TEST_F(CudaGraph, PaddingRowsDoNotReachTheOthers) {
  const std::int64_t k = 512, n = 128, m = 16, used = 5;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n}, 3), device);
  auto x = random_operand(device, DType::f16, m, k);
  StreamCall call(x.view(), packed, DType::f16, {});
  const bench::GraphExec graph = call.capture();
  replay(graph, call);
  const auto clean = call.result();
  for (std::int64_t r = used; r < m; ++r) {
    for (std::int64_t i = 0; i < k; ++i) x.set(r, i, std::numeric_limits<double>::quiet_NaN());
  }
  x.upload();
  replay(graph, call);
  const auto got = call.result();
  EXPECT_TRUE(std::equal(got.begin(), got.begin() + used * n * 2, clean.begin()));
}

TEST_F(CudaGraph, ManyCallsInOneGraphShareAWorkspace) {
  const std::int64_t k = 2048, n = 256;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n}, 3), device);
  const auto x = random_operand(device, DType::f16, 4, k);
  for (const Schedule schedule : {Schedule::split_k, Schedule::stream_k}) {
    StreamCall call(x.view(), packed, DType::f16, {.schedule = schedule});
    const bench::GraphExec graph = call.capture(100);
    for (int i = 0; i < 10; ++i) replay(graph, call);
    EXPECT_EQ(call.result(), test::run(x.view(), packed, DType::f16, {.schedule = schedule}))
        << name(schedule);
  }
}

}  // namespace
}  // namespace halfbyte
