// One packed weight serves any number of streams and host threads at once.
#include <memory>
#include <thread>

#include "linear/under_test.h"
#include "tests/cuda/stream_call.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::StreamCall;

constexpr std::int64_t k = 2048, n = 528, m = 9;

class CudaStreams : public test::OnDevice {
 protected:
  void SetUp() override {
    OnDevice::SetUp();
    if (IsSkipped()) return;
    packed_ = pack(test::make_weight({.k = k, .n = n, .group = 64}, 5), device);
    x_ = std::make_unique<test::Operand>(test::random_operand(device, DType::bf16, m, k));
    for (const Call& call :
         test::calls_for(x_->view(), packed_, test::unplaced(packed_, m, DType::bf16))) {
      if (call.same_bits_every_time()) calls_.push_back(call);
    }
    ASSERT_GT(calls_.size(), 8u);
    for (const Call& call : calls_) {
      wanted_.push_back(test::run(x_->view(), packed_, DType::bf16, call));
    }
  }
  StreamCall place(const Call& call) const {
    return {x_->view(), packed_, DType::bf16, call.options()};
  }

  PackedWeight packed_;
  std::unique_ptr<test::Operand> x_;
  std::vector<Call> calls_;
  std::vector<std::vector<std::byte>> wanted_;
};

// Every kernel on a stream of its own, all of them in flight, nothing waited for.
TEST_F(CudaStreams, OneThreadManyStreams) {
  std::vector<std::unique_ptr<StreamCall>> placed;
  for (const Call& call : calls_) placed.push_back(std::make_unique<StreamCall>(place(call)));
  for (int round = 0; round < 30; ++round) {
    for (const auto& call : placed) call->start();
  }
  for (std::size_t i = 0; i < placed.size(); ++i) {
    EXPECT_EQ(placed[i]->result(), wanted_[i]) << to_string(calls_[i]);
    placed[i]->expect_workspace_kept();
  }
}

TEST_F(CudaStreams, ManyThreadsManyStreams) {
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (std::size_t i = t; i < calls_.size(); i += 8) {
        StreamCall call = place(calls_[i]);
        for (int round = 0; round < 10; ++round) {
          for (int launch = 0; launch < 20; ++launch) call.start();
          EXPECT_EQ(call.result(), wanted_[i]) << to_string(calls_[i]) << " round " << round;
        }
        call.expect_workspace_kept();
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace halfbyte
