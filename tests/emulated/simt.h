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
extern Dim thread_index, block_index, block_size, grid_size;
int lane();

// Waits for all threads of the block.
void meet_block();
// Gives `mine` to the warp and returns the bytes of all 32 lanes, side by side; `bytes` at most 64.
// Valid until the warp's next meeting.
const std::byte* meet_warp(const void* mine, std::size_t bytes);

// The block's dynamic shared memory.
void* shared_memory();

// Runs `body` for every thread of every block. The shared memory of each block is poisoned first.
void run(Dim grid, Dim block, std::size_t shared_bytes, const std::function<void()>& body);

template <class T>
T shuffle(T mine, int from_lane) {
  return reinterpret_cast<const T*>(meet_warp(&mine, sizeof(T)))[from_lane];
}

}  // namespace simt
