// x, y and scratch memory of the calls of one type and shape, on the device that multiplies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "halfbyte/device_memory.h"
#include "halfbyte/linear.h"
#include "halfbyte/tensor.h"

namespace halfbyte::bench {

class Operands {
 public:
  // x: m rows of k on the host, the most that any call uses.
  Operands(std::vector<std::byte> x, DType dtype, std::int64_t m, std::int64_t n, std::int64_t k,
           Device device);

  // The first m rows, on the device.
  TensorView x(std::int64_t m) const;
  TensorView y(std::int64_t m) const;
  // All rows, on the host: what the reference reads.
  TensorView x_on_host() const;
  // The first m rows of what a call left, copied to the host.
  TensorView read_y(std::int64_t m);

  // Grows the scratch memory.
  void reserve_workspace(std::size_t bytes);
  void give_workspace(LinearOptions& options) const;
  // NaN in y and in the scratch memory: what a kernel leaves out cannot pass.
  void poison();

 private:
  DType dtype_;
  std::int64_t rows_, k_, n_;
  Device device_;
  std::vector<std::byte> x_host_, y_host_, nans_;
  DeviceMemory x_, y_, workspace_;
};

}  // namespace halfbyte::bench
