// Folders that vanish, files made by hand, and the check that a call fails as it promises.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "halfbyte/checkpoint.h"
#include "halfbyte/error.h"

namespace halfbyte::test {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "halfbyte-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }
  fs::path operator/(std::string_view name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline void write_bytes(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// Calls `call`, which must throw Error with this code; answers the error for closer looks.
inline Error expect_error(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(code_name(error.code()), code_name(code)) << error.what();
    EXPECT_FALSE(error.detail().function.empty()) << error.what();

    return error;
  }
  ADD_FAILURE() << "no error; wanted " << code_name(code);
  return Error(code, {});
}

inline std::string little_endian_64(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// A safetensors file as its three parts say, right or wrong.
inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return little_endian_64(header.size()) + std::string(header) + std::string(data);
}

template <class T>
HostTensor tensor_of(DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  HostTensor tensor{.dtype = dtype, .shape = std::move(shape), .bytes = {}};
  const auto raw = std::as_bytes(std::span(values));
  tensor.bytes.assign(raw.begin(), raw.end());
  return tensor;
}

using Tensors = std::map<std::string, HostTensor>;

inline void write_model(const fs::path& folder, std::string_view config, const Tensors& tensors) {
  write_bytes(folder / "config.json", config);
  std::vector<checkpoint::NamedTensor> list;
  for (const auto& [name, tensor] : tensors) list.push_back({name, tensor});
  checkpoint::write_safetensors(folder / "model.safetensors", list, "test");
}

}  // namespace halfbyte::test
