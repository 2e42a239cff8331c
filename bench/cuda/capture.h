// Work on a stream as a CUDA graph.
#pragma once

#include "bench/cuda/handles.h"

namespace halfbyte::bench {

// What start() gives to the stream, captured. Its exceptions pass, and end the capture.
template <typename Start>
Graph capture(cudaStream_t stream, const Start& start) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  cudaGraph_t captured = nullptr;
  try {
    start();
  } catch (...) {
    (void)cudaStreamEndCapture(stream, &captured);
    const Graph drop(captured);
    throw;
  }
  check(cudaStreamEndCapture(stream, &captured), "cudaStreamEndCapture");
  return Graph(captured);
}

inline GraphExec instantiate(const Graph& graph) {
  cudaGraphExec_t exec = nullptr;
  check(cudaGraphInstantiate(&exec, graph.get(), 0), "cudaGraphInstantiate");
  return GraphExec(exec);
}

}  // namespace halfbyte::bench
