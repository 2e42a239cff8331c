// Every kernel that this machine can run, on a small problem, against float64.
#pragma once

#include <string>
#include <vector>

#include "halfbyte/tensor.h"

namespace halfbyte::cli {

struct KernelResult {
  std::string kernel;
  double err_over_bound = 0;
  bool ok = false;
  std::string reason;  // empty when ok
};

// Kernels that do not take the problem are left out.
std::vector<KernelResult> test_kernels(Device device);

}  // namespace halfbyte::cli
