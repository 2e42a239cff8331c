// CUDA's execution model in one host thread, to run kernels where there is no GPU: a block's
// threads are fibers, taken in a random order; barriers, warp-wide instructions, asynchronous
// copies and atomics are functions. Blocks run one after the other, also in a random order.
//
// What it is hard on: an asynchronous copy lands as late as its wait allows and spoils its target
// from the start, so that a missing wait, or a stage that is overwritten too early, shows as NaN;
// shared memory begins as NaN; global memory is read through the kernel's own pointers, and copies
// from outside the registered buffers throw. What it does not show: races between plain accesses
// within one fiber's turn, timing, and the machine's own numerics of mma (sums are in double here).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace halfbyte::simt {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

inline constexpr std::size_t most_shared = 228 << 10;

struct Launch {
  unsigned blocks = 1, threads = 32;
  std::size_t shared_bytes = 0;
  std::uint64_t seed = 1;  // of the order of fibers and blocks
};

// Runs kernel() once for each thread of each block. Throws what a fiber throws.
void launch(const Launch& launch, const std::function<void()>& kernel);

// Memory that copies may read.
void allow_copies_from(const void* data, std::size_t bytes);
void forget_buffers();

// For the shims of CUDA's headers: of the fiber that runs.
void sync_block();
void sync_warp();
std::byte* dynamic_shared();
std::uint32_t shared_address(const void* pointer);
std::byte* shared_memory(std::uint32_t address, std::size_t bytes);  // checked
void start_copy(std::uint32_t to, const void* from, std::size_t bytes, std::size_t valid);
void commit_copies();
void wait_for_copies(std::size_t pending);
// All lanes' `words` (of up to 8) to all lanes, in lane order.
using Words = std::uint32_t[8];
void exchange(const Words& mine, Words (&all)[32]);

}  // namespace halfbyte::simt

extern thread_local halfbyte::simt::Index threadIdx, blockIdx, blockDim, gridDim;
