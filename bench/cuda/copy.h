// A copy of the bytes of an element-wise kernel: the yardstick of transforms. No CUDA header.
#pragma once

#include <cstdint>

namespace halfbyte::bench {

enum class CopyGrid { resident, whole };  // as many blocks as run at once, or one for every 16 KB
inline constexpr CopyGrid copy_grids[] = {CopyGrid::resident, CopyGrid::whole};

// Reads `vectors` times 16 bytes of GPU memory and writes `out_bytes` = 16, 8 or 4 for each of
// them, on `stream`. The current device's memory.
void start_copy(CopyGrid grid, const void* from, void* to, std::int64_t vectors, int out_bytes,
                void* stream);

}  // namespace halfbyte::bench
