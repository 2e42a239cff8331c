// A call of linear() with y and workspace of its own, started on a stream as often as wanted.
#pragma once

#include <cstddef>
#include <vector>

#include "bench/cuda/capture.h"
#include "halfbyte/linear.h"
#include "tests/support/guarded_memory.h"

namespace halfbyte::test {

class StreamCall {
 public:
  // x is on the weight's device; options' tile must outlive this.
  StreamCall(const TensorView& x, const PackedWeight& w, DType out, LinearOptions options)
      : x_(x),
        w_(w),
        options_(options),
        stream_(bench::make_stream()),
        y_(w.device(), static_cast<std::size_t>(x.shape[0] * w.n()) * size_of(out)),
        view_(TensorView::matrix(y_.data(), out, x.shape[0], w.n(), -1, w.device())),
        scratch_(w.device(), linear_workspace_size(x, w, view_, options)) {
    options_.workspace = scratch_.data();
    options_.workspace_bytes = scratch_.size();
    options_.stream = stream_.get();
  }

  // y is made NaN first, so that a result of the call before cannot stand in.
  void start() {
    bench::check(cudaMemsetAsync(y_.data(), 0xFF, y_.size(), stream_.get()), "cudaMemsetAsync");
    linear(x_, w_, view_, options_);
  }
  // What start() does, `times` times, as a graph for this call's stream.
  bench::GraphExec capture(int times = 1) {
    return bench::instantiate(bench::capture(stream_.get(), [&] {
      for (int i = 0; i < times; ++i) start();
    }));
  }
  // Waits for the stream. Written outside of y: a test failure.
  std::vector<std::byte> result() {
    bench::check(cudaStreamSynchronize(stream_.get()), "cudaStreamSynchronize");
    return y_.read();
  }
  // After result(): the same for the workspace.
  void expect_workspace_kept() const { (void)scratch_.read(); }
  cudaStream_t stream() const { return stream_.get(); }

 private:
  TensorView x_;
  PackedWeight w_;
  LinearOptions options_;
  bench::Stream stream_;
  GuardedMemory y_;
  TensorView view_;
  GuardedMemory scratch_;
};

}  // namespace halfbyte::test
