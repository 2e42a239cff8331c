// The files of examples/tiny_llama.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "halfbyte/error.h"
#include "llama/model.h"

namespace llama::test {

inline std::filesystem::path tiny_llama(const std::string& name) {
  return std::filesystem::path(HALFBYTE_SOURCE_DIR) / "examples/tiny_llama" / name;
}

inline Model load(const std::string& name) {
  return Model(halfbyte::Checkpoint::open(tiny_llama(name)));
}

constexpr const char* checkpoints[] = {"f16", "gptq-sym-g128", "gptq-asym-g64",
                                       "gptq-actorder-g128"};

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
