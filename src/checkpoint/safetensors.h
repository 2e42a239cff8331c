// safetensors: u64 little-endian length of a JSON header, the header, the tensors' bytes.
//
// The header is validated as a whole before any tensor is used: known types, checked products, and
// byte ranges that cover the data from its first to its last byte without holes or overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/atomic_write.h"
#include "checkpoint/file.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::checkpoint {

inline constexpr std::uint64_t max_header_bytes = 100'000'000;

// A tensor's place in a file. `begin` counts from the start of the file.
struct TensorEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;             // in the order of their names
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

std::string_view safetensors_name(DType dtype);  // "F16"

// Reads and validates the header of a file (or of a buffer: File::from_memory).
// Errors: E_TRUNCATED, E_FORMAT, E_UNSUPPORTED (a type that halfbyte has no name for), E_IO.
SafetensorsHeader read_safetensors_header(const File& file, std::string_view function);
// Reads one tensor. Allocates its bytes, which the header check has shown to be in the file.
HostTensor read_tensor(const File& file, const TensorEntry& entry, std::string_view function);

// Writing.
struct TensorSpec {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
};

struct NamedTensor {
  std::string name;
  HostTensor tensor;
};

using Metadata = std::map<std::string, std::string>;

// Writes a file whose tensors are known by name and shape beforehand, in any order, one at a time:
// only the tensor being written is in memory. Tensors lie in the file by falling element size, then
// by name, so all are aligned, and the same tensors always give the same bytes.
class SafetensorsWriter {
 public:
  // Errors: E_ARG (a name twice), those of AtomicFile.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorSpec> specs,
                    std::string_view function, const Metadata& metadata = {{"format", "pt"}});
  // Errors: E_ARG (no such tensor, or written already), E_DTYPE, E_SHAPE (not as announced).
  void write(const std::string& name, const HostTensor& tensor);
  // The file appears under its name. Error: E_ARG if a tensor was not written.
  void commit();
  std::uint64_t data_bytes() const { return data_bytes_; }

 private:
  struct Place {
    TensorSpec spec;
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
    bool written = false;
  };
  std::string function_;
  std::map<std::string, Place> places_;
  std::uint64_t data_bytes_ = 0;
  AtomicFile file_;
};

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       std::string_view function, const Metadata& metadata = {{"format", "pt"}});

// model.safetensors.index.json: which file holds which tensor; total_size in bytes of data.
void write_shard_index(const std::filesystem::path& path,
                       const std::map<std::string, std::string>& weight_map,
                       std::uint64_t total_size, std::string_view function);

}  // namespace halfbyte::checkpoint
