#include "bench/operands.h"

#include <algorithm>
#include <utility>

#include "bench/device_copy.h"

namespace halfbyte::bench {

Operands::Operands(std::vector<std::byte> x, DType dtype, std::int64_t m, std::int64_t n,
                   std::int64_t k, Device device)
    : dtype_(dtype),
      rows_(m),
      k_(k),
      n_(n),
      device_(device),
      x_host_(std::move(x)),
      y_host_(static_cast<std::size_t>(rows_ * n) * size_of(dtype)),
      x_(copy_to(device, x_host_)),
      y_(device, y_host_.size()) {}

TensorView Operands::x(std::int64_t m) const {
  return TensorView::matrix(x_.data(), dtype_, m, k_, -1, device_);
}

TensorView Operands::y(std::int64_t m) const {
  return TensorView::matrix(y_.data(), dtype_, m, n_, -1, device_);
}

TensorView Operands::x_on_host() const {
  return TensorView::matrix(x_host_.data(), dtype_, rows_, k_);
}

TensorView Operands::read_y(std::int64_t m) {
  copy_back({y_host_.data(), static_cast<std::size_t>(m * n_) * size_of(dtype_)}, y_);
  return TensorView::matrix(y_host_.data(), dtype_, m, n_);
}

void Operands::reserve_workspace(std::size_t bytes) {
  if (bytes > workspace_.size()) workspace_ = DeviceMemory(device_, bytes);
}

void Operands::give_workspace(LinearOptions& options) const {
  options.workspace = workspace_.data();
  options.workspace_bytes = workspace_.size();
}

void Operands::poison() {
  const std::size_t most = std::max(y_.size(), workspace_.size());
  if (nans_.size() < most) nans_.assign(most, std::byte{0xff});
  copy_memory(y_.data(), device_, nans_.data(), Device{}, y_.size());
  copy_memory(workspace_.data(), device_, nans_.data(), Device{}, workspace_.size());
}

}  // namespace halfbyte::bench
