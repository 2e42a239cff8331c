// The CUDA backend's packed form: none until there is a kernel that reads one.
#include <string>

#include "cuda/backend.h"
#include "halfbyte/error.h"

namespace halfbyte::cuda {
namespace {

[[noreturn]] void refuse(std::string function, std::string got) {
  throw Error(ErrorCode::unsupported, {.function = std::move(function),
                                       .argument = "device",
                                       .got = std::move(got),
                                       .wanted = "cpu",
                                       .advice = "this build has no CUDA kernel yet; use the CPU"});
}

}  // namespace

PackedWeight pack(const QuantizedWeight& weight, int index) {
  weight.check("pack", "weight");
  refuse("pack", device_info(index).name);  // a bad index or no GPU is reported as that
}

QuantizedWeight unpack(const PackedWeight&) { refuse("unpack", "a weight packed for cuda"); }

}  // namespace halfbyte::cuda
