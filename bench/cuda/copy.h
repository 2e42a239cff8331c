// A copy of the bytes of an element-wise kernel: the yardstick of transforms. No CUDA header.
#pragma once

#include <cstdint>

namespace halfbyte::bench {

// single: a thread for every 16 bytes, the fastest on an H200 from 64 MB on (4.1 ... 4.3 TB/s);
// four: a thread for four of them; resident: the same with as many blocks as run at once (3.9).
enum class CopyGrid { single, four, resident };
inline constexpr CopyGrid copy_grids[] = {CopyGrid::single, CopyGrid::four, CopyGrid::resident};

// Reads `vectors` times 16 bytes of GPU memory and writes `out_bytes` = 16, 8 or 4 for each of
// them, on `stream`. The current device's memory. Starts as the kernels do: on compute capability
// 9.0 before the stream's previous kernel has ended.
void start_copy(CopyGrid grid, const void* from, void* to, std::int64_t vectors, int out_bytes,
                void* stream);

}  // namespace halfbyte::bench
