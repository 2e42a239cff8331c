#include "bench/cuda/timer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bench/cuda/capture.h"
#include "bench/cuda/read_bandwidth.h"
#include "cuda/device_guard.h"
#include "ops/device.h"

namespace halfbyte::bench {
namespace {

constexpr double replay_us = 1000;           // the least that a replay lasts
constexpr std::size_t most_calls = 1 << 15;  // in one graph
constexpr std::size_t least_replays = 5;     // a round

// The calls 0 ... count-1 of a row as one graph.
GraphExec graph_of(cudaStream_t stream, const Timer::Run& run, std::size_t count) {
  GraphExec graph = instantiate(capture(stream, [&] {
    for (std::size_t turn = 0; turn < count; ++turn) run(turn, stream);
  }));
  check(cudaGraphUpload(graph.get(), stream), "cudaGraphUpload");
  return graph;
}

// Replays back to back, each between two events; the first of them warms up and is not counted.
// The host runs ahead, so that nothing of it lies between two events.
std::vector<double> replay(cudaStream_t stream, cudaGraphExec_t graph, std::size_t times) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < times + 1; ++i) events.push_back(make_event());
  check(cudaGraphLaunch(graph, stream), "cudaGraphLaunch");
  check(cudaEventRecord(events[0].get(), stream), "cudaEventRecord");
  for (std::size_t i = 1; i < events.size(); ++i) {
    check(cudaGraphLaunch(graph, stream), "cudaGraphLaunch");
    check(cudaEventRecord(events[i].get(), stream), "cudaEventRecord");
  }
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  std::vector<double> us;
  for (std::size_t i = 1; i < events.size(); ++i) {
    us.push_back(us_between(events[i - 1], events[i]));
  }
  return us;
}

class Replays : public Timer::Series {
 public:
  Replays(int index, cudaStream_t stream, Timer::Run run, std::size_t rotation)
      : index_(index), stream_(stream), run_(std::move(run)), rotation_(std::max(rotation, one)) {}

  void round(double budget_us) override {
    const cuda::DeviceGuard guard(index_, "bench");
    if (graph_ == nullptr) build();
    const double wanted = budget_us / (us_a_call_ * static_cast<double>(calls_));
    const std::size_t times = std::max(least_replays, static_cast<std::size_t>(wanted));
    for (const double us : replay(stream_, graph_.get(), times)) {
      us_.push_back(us / static_cast<double>(calls_));
    }
  }
  Spread us() const override { return summarize(us_); }
  std::size_t calls_per_sample() const override { return calls_; }

 private:
  void build() {
    run_(0, stream_);  // outside of a capture: the first call may have to load its code
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    const std::size_t few = std::min<std::size_t>(rotation_, 32);
    const GraphExec probe = graph_of(stream_, run_, few);
    us_a_call_ = summarize(replay(stream_, probe.get(), 3)).median / static_cast<double>(few);
    us_a_call_ = std::max(us_a_call_, 0.1);  // an event's resolution is 0.5 us
    calls_ = calls_in_graph(rotation_, us_a_call_, replay_us, most_calls);
    graph_ = graph_of(stream_, run_, calls_);
  }

  static constexpr std::size_t one = 1;
  int index_;
  cudaStream_t stream_;
  Timer::Run run_;
  std::size_t rotation_;
  std::size_t calls_ = 0;
  double us_a_call_ = 0;
  GraphExec graph_;
  std::vector<double> us_;
};

class CudaTimer : public Timer {
 public:
  explicit CudaTimer(int index) : index_(index), reads_(index) {
    const cuda::DeviceGuard guard(index, "bench");
    stream_ = make_stream();
  }

  std::unique_ptr<Series> series(Run run, std::size_t rotation) override {
    return std::make_unique<Replays>(index_, stream_.get(), std::move(run), rotation);
  }

  void probe() override {
    constexpr int bursts = 4, passes = 4;  // a burst is a millisecond, as a replay is
    const cuda::DeviceGuard guard(index_, "bench");
    std::vector<Event> events;
    for (int b = 0; b <= bursts; ++b) events.push_back(make_event());
    reads_.start_pass(stream_.get());
    for (int b = 0; b <= bursts; ++b) {
      if (b > 0) {
        for (int p = 0; p < passes; ++p) reads_.start_pass(stream_.get());
      }
      check(cudaEventRecord(events[static_cast<std::size_t>(b)].get(), stream_.get()),
            "cudaEventRecord");
    }
    check(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize");
    const double bytes = passes * static_cast<double>(reads_.bytes());
    for (std::size_t b = 1; b < events.size(); ++b) {
      gbps_.push_back(bytes / us_between(events[b - 1], events[b]) / 1000);
    }
  }

  // Multiply-adds are the device's facts: what a kernel could do, not what one of ours does.
  Rates rates() override {
    return {summarize(std::exchange(gbps_, {})).median,
            device_info({DeviceType::cuda, index_}).fma_gmacs};
  }

 private:
  int index_;
  Stream stream_;
  CudaReadBandwidth reads_;
  std::vector<double> gbps_;
};

}  // namespace

std::unique_ptr<Timer> make_cuda_timer(int index) { return std::make_unique<CudaTimer>(index); }

}  // namespace halfbyte::bench
