// Makes a device current for a scope and gives the caller's back: no call of the library changes
// the device that the caller had chosen.
#pragma once

#include <string_view>

#include "cuda/error.h"

namespace halfbyte::cuda {

class DeviceGuard {
 public:
  DeviceGuard(int index, std::string_view function) {
    check(cudaGetDevice(&previous_), function, "cudaGetDevice");
    if (index != previous_) check(cudaSetDevice(index), function, "cudaSetDevice");
  }
  ~DeviceGuard() { (void)cudaSetDevice(previous_); }
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

 private:
  int previous_ = 0;
};

}  // namespace halfbyte::cuda
