// The CPU's timer, and which one a device gets.
#include "bench/timer.h"

#include <utility>

#include "bench/probes.h"
#include "ops/device.h"
#ifdef HALFBYTE_WITH_CUDA
#include "bench/cuda/timer.h"
#endif

namespace halfbyte::bench {
namespace {

// Single calls by the host's clock.
class CpuTimer : public Timer {
 public:
  std::unique_ptr<Series> series(Run run, std::size_t) override {
    return std::make_unique<Calls>(*this, std::move(run));
  }
  void probe() override { probes_.pass(passes_); }
  Rates rates() override {
    const Probes::Rates rates = probes_.rates(std::exchange(passes_, {}));
    return {rates.read_gbps, rates.fma_gmacs};
  }

 private:
  class Calls : public Series {
   public:
    Calls(CpuTimer& timer, Run run) : timer_(timer), run_(std::move(run)) {}
    void round(double budget_us) override {
      constexpr std::size_t least = 2;
      timer_.turn_ = time_turns(timer_.turn_, budget_us, least, us_,
                                [this](std::size_t turn) { run_(turn, nullptr); });
    }
    Spread us() const override { return us_.summary(); }
    std::size_t calls_per_sample() const override { return 1; }

   private:
    CpuTimer& timer_;
    Run run_;
    Samples us_;
  };

  Probes probes_;
  ProbeSamples passes_;
  std::size_t turn_ = 0;  // of all rows: none starts with what its neighbour left in the cache
};

}  // namespace

std::unique_ptr<Timer> make_timer(Device device) {
  (void)device_info(device);
#ifdef HALFBYTE_WITH_CUDA
  if (device.type == DeviceType::cuda) return make_cuda_timer(device.index);
#endif
  return std::make_unique<CpuTimer>();
}

}  // namespace halfbyte::bench
