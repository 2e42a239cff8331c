// A checkpoint of a test's own, in a folder that goes with it.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() /
            ("halfbyte-test-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

template <class T>
checkpoint::NamedTensor named_tensor(std::string name, DType dtype, std::vector<std::int64_t> shape,
                                     const std::vector<T>& values) {
  HostTensor tensor{.dtype = dtype, .shape = std::move(shape), .bytes = {}};
  tensor.bytes.resize(values.size() * sizeof(T));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return {std::move(name), std::move(tensor)};
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// config.json with this quantization_config, and model.safetensors.
inline void write_checkpoint(const std::filesystem::path& folder, const std::string& quantization,
                             const std::vector<checkpoint::NamedTensor>& tensors) {
  write_text(folder / "config.json",
             "{\"model_type\": \"llama\", \"quantization_config\": " + quantization + "}");
  checkpoint::write_safetensors(folder / "model.safetensors", tensors, "test");
}

}  // namespace halfbyte::test
