// The files of examples/tiny_llama.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "halfbyte/error.h"
#include "llama/model.h"

namespace llama::test {

inline std::filesystem::path tiny_llama(const std::string& name) {
  return std::filesystem::path(HALFBYTE_SOURCE_DIR) / "examples/tiny_llama" / name;
}

inline Model load(const std::string& name, halfbyte::Device device = {}) {
  return Model(halfbyte::Checkpoint::open(tiny_llama(name)), device);
}

constexpr const char* checkpoints[] = {"f16", "gptq-sym-g128", "gptq-asym-g64",
                                       "gptq-actorder-g128"};

// |a - b| / |b| over all values; NaN where any value is.
inline double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  if (a.size() != b.size()) return std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    size += double{b[i]} * b[i];
  }
  return std::sqrt(difference / size);
}

template <class Call>
void expect_error(halfbyte::ErrorCode code, const std::string& argument, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "no error; wanted " << halfbyte::code_name(code);
  } catch (const halfbyte::Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.detail().argument, argument) << error.what();
  }
}

}  // namespace llama::test
