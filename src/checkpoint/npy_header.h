// The header of an NPY file: a Python dictionary of three entries, read strictly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/file.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::checkpoint {

struct NpyHeader {
  std::string descr;  // "<f2"; empty for a structured type
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

// Parses the dictionary alone, which starts at `offset` of the file. Error: E_FORMAT.
NpyHeader parse_npy_dictionary(std::string_view text, std::uint64_t offset,
                               const std::filesystem::path& path);

// Reads a whole file or buffer. Errors: those of read_npy.
HostTensor read_npy_file(const File& file);

}  // namespace halfbyte::checkpoint
