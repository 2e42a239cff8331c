#include "linear/under_test.h"

#include <stdexcept>

#include "cuda/gpu.h"

namespace halfbyte::test {

Device device_under_test() { return {DeviceType::cuda, 0}; }

std::string why_no_device() {
  const std::string why = why_no_gpu();
  if (why.empty() || why == "no GPU") return why;
  throw std::runtime_error("the GPU cannot be used: " + why);
}

}  // namespace halfbyte::test
