// One linear layer of a checkpoint, quantised or not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "halfbyte/checkpoint.h"
#include "halfbyte/device_memory.h"
#include "halfbyte/weight.h"
#include "llama/dense.h"

namespace llama {

// Memory that layers use while they run; one for each thread that calls them.
struct Scratch {
  std::vector<std::uint16_t> x;
  // On the layers' device.
  halfbyte::DeviceMemory x_memory, y_memory, workspace;
};

class Layer {
 public:
  // `name` is the tensor prefix; throws unless the weight is (k, n). A quantised layer multiplies
  // on `device`, a 16-bit one on the host.
  Layer(const halfbyte::Checkpoint& checkpoint, const std::string& name, std::int64_t k,
        std::int64_t n, halfbyte::Device device = {});
  // x (m, k), y (m, n), both f32 and row major, on the host. A quantised layer rounds x to f16
  // first.
  void apply(const float* x, std::int64_t m, float* y, Scratch& scratch) const;

 private:
  std::int64_t k_;
  std::int64_t n_;
  halfbyte::PackedWeight packed_;  // empty for a 16-bit layer
  DenseWeight dense_;
  std::vector<float> bias_;
  halfbyte::DeviceMemory bias_memory_;  // the bias on the device
};

// Reads a tensor and throws unless it has this shape.
halfbyte::HostTensor read_tensor(const halfbyte::Checkpoint& checkpoint, const std::string& name,
                                 const std::vector<std::int64_t>& shape);
std::vector<float> widen(const halfbyte::HostTensor& tensor);

}  // namespace llama
