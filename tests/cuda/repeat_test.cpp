// Determinism at length: the same call gives the same bits 1,000 times, and 100,000 launches on
// eight streams give those of one, while another stream keeps the GPU busy.
#include <atomic>
#include <memory>
#include <thread>

#include "bench/random_data.h"
#include "linear/under_test.h"
#include "tests/cuda/stream_call.h"
#include "tests/support/operand.h"
#include "tests/support/run_linear.h"

namespace halfbyte {
namespace {

using test::Division;
using test::StreamCall;

PackedWeight packed_weight(std::int64_t k, std::int64_t n, Device device) {
  return pack(bench::random_weight(k, n, 128, static_cast<std::uint64_t>(k * 31 + n)), device);
}

// Products of 4096^2 on a stream of their own, as long as this lives.
class Load {
 public:
  explicit Load(Device device)
      : x_(test::random_operand(device, DType::f16, 16, 4096)),
        call_(x_.view(), packed_weight(4096, 4096, device), DType::f16, {}),
        thread_([this] {
          while (!stop_) {
            for (int i = 0; i < 20; ++i) call_.start();
            (void)cudaStreamSynchronize(call_.stream());
          }
        }) {}
  ~Load() {
    stop_ = true;
    thread_.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  test::Operand x_;
  StreamCall call_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// The divisions that promise the same bits and have a kernel.
std::vector<Division> steady_divisions(const TensorView& x, const PackedWeight& w) {
  std::vector<Division> kept;
  for (const Division& d : test::divisions) {
    if (d.schedule == Schedule::split_k_atomic || d.split == 1000000) continue;
    try {
      (void)plan_linear(x, w, test::unplaced(w, x.shape[0], x.dtype),
                        {.schedule = d.schedule, .split = d.split});
      kept.push_back(d);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << error.what();
    }
  }
  return kept;
}

class CudaRepeats : public test::OnDevice {
 protected:
  int repeat(std::int64_t m, std::int64_t n, std::int64_t k, int times) const {
    const PackedWeight packed = packed_weight(k, n, device);
    const test::Operand x = test::random_operand(device, DType::f16, m, k);
    int series = 0;
    for (const Division& d : steady_divisions(x.view(), packed)) {
      StreamCall call(x.view(), packed, DType::f16, {.schedule = d.schedule, .split = d.split});
      call.start();
      const auto first = call.result();
      for (int i = 1; i < times; ++i) {
        call.start();
        if (call.result() == first) continue;
        ADD_FAILURE() << name(d.schedule) << " " << d.split << ", m, n, k = " << m << ", " << n
                      << ", " << k << ": other bits in run " << i;
        break;
      }
      call.expect_workspace_kept();
      ++series;
    }
    return series;
  }
};

TEST_F(CudaRepeats, SameBitsAThousandTimes) {
  const Load load(device);
  int shapes = 0, series = 0;
  for (const std::int64_t k : {256, 1024, 4096, 11008, 14336}) {
    for (const std::int64_t n : {64, 528, 1024, 4096, 5120}) {
      for (const std::int64_t m : {1, 13}) {
        series += repeat(m, n, k, 1000);
        ++shapes;
      }
    }
  }
  std::printf("%d shapes, %d series of 1000 runs\n", shapes, series);
  EXPECT_EQ(shapes, 50);
  EXPECT_GE(series, 4 * shapes);
}

TEST_F(CudaRepeats, HundredThousandLaunchesOnEightStreams) {
  constexpr int streams = 8, rounds = 125, launches = 100;
  const PackedWeight packed = packed_weight(2048, 512, device);
  const test::Operand x = test::random_operand(device, DType::f16, 4, 2048);
  for (const Division& d : steady_divisions(x.view(), packed)) {
    const LinearOptions options{.schedule = d.schedule, .split = d.split};
    const auto wanted = test::run(x.view(), packed, DType::f16, options);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < streams; ++t) {
      threads.emplace_back([&] {
        StreamCall call(x.view(), packed, DType::f16, options);
        for (int round = 0; round < rounds; ++round) {
          for (int launch = 0; launch < launches; ++launch) call.start();
          if (call.result() != wanted) ++wrong;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << name(d.schedule) << " " << d.split;
  }
}

}  // namespace
}  // namespace halfbyte
