// A CUDA block on the host: its threads are fibers that run one after another, from one meeting of
// a warp or of the block to the next. The kernels' own code runs, lane by lane, where there is no
// GPU; what is replaced is the runtime's headers and cuda/ptx.cuh.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace simt {

struct Dim {
  unsigned x = 1, y = 1, z = 1;
  Dim(unsigned x_ = 1) : x(x_) {}
};

// The running thread's place.
struct Index {  // of a thread or a block: from 0 on
  unsigned x = 0, y = 0, z = 0;
};
extern Index thread_index, block_index;
extern Dim block_size, grid_size;
int lane();

// Waits for all threads of the block.
void meet_block();
// The cluster's barrier in two halves; every thread takes both in turn.
void arrive_at_cluster();
void wait_for_cluster();
// Gives `mine` to the warp and returns the bytes of all 32 lanes, side by side; `bytes` at most 64.
// Valid until the warp's next meeting.
const std::byte* meet_warp(const void* mine, std::size_t bytes);

// The block's dynamic shared memory, and the same place in that of block `rank` of the cluster.
void* shared_memory();
std::size_t shared_bytes();
std::byte* in_block(std::byte* shared, int rank);

struct Launch {
  unsigned grid, block, cluster;
  std::size_t shared_bytes;
};
// Runs `body` for every thread of every block, a cluster at a time. Shared memory is poisoned
// first.
void run(const Launch& launch, const std::function<void()>& body);

template <class T>
T shuffle(T mine, int from_lane) {
  return reinterpret_cast<const T*>(meet_warp(&mine, sizeof(T)))[from_lane];
}

}  // namespace simt
