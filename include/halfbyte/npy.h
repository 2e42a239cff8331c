// NPY files (numpy.save) of version 1.0 to 3.0, as far as the command line needs them: float16 and
// float32, little endian, C order, rank 1 or 2.
#pragma once

#include <filesystem>

#include "halfbyte/checkpoint.h"

namespace halfbyte {

// Errors: E_IO (missing, unreadable, no regular file), E_FORMAT and E_TRUNCATED (malformed),
// E_DTYPE, E_STRIDE (Fortran order), E_SHAPE (rank) for a well-formed file of another kind.
HostTensor read_npy(const std::filesystem::path& path);

// Writes f16, f32, i8 and u8, and 8-bit floats as the u8 of their bits. Writes through a temporary
// file and a rename. Errors: E_PATH (what exists is no regular file), E_NOSPACE, E_IO.
void write_npy(const std::filesystem::path& path, const HostTensor& tensor);

}  // namespace halfbyte
