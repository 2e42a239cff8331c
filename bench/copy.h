// A copy kernel: the yardstick of what reads x once and writes y once.
#pragma once

#include <cstddef>

#include "halfbyte/tensor.h"

namespace halfbyte::bench {

// Ways in which copy_bytes() can divide a copy among a device's workers: the yardstick is the
// fastest.
int copy_ways(Device device);

// Reads `read` bytes of `from` and writes `written` bytes to `to`, as many or fewer, on all of the
// device: on the CPU with halfbyte::num_threads() threads and past the caches, on a GPU, the
// current one, in `stream`. Both are aligned to 4 KB; on a GPU all, half or a quarter is written.
// Errors: E_UNSUPPORTED (a build without such a device).
void copy_bytes(Device device, int way, const void* from, std::size_t read, void* to,
                std::size_t written, void* stream);

}  // namespace halfbyte::bench
