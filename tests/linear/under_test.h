// The sweeps of this folder are built once for each backend: these are the two things that its test
// program says of itself.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "halfbyte/tensor.h"

namespace halfbyte::test {

Device device_under_test();
// Why this machine has no such device; empty where it has one. Throws where it has one that cannot
// be used: a driver that is too old, say, is a failure of the machine to test on.
std::string why_no_device();

class OnDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_device();
    if (!why.empty()) GTEST_SKIP() << why;
  }
  const Device device = device_under_test();
};

}  // namespace halfbyte::test
