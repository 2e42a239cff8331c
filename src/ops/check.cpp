#include "ops/check.h"

#include <algorithm>
#include <array>
#include <utility>

namespace halfbyte {
namespace {

constexpr std::int64_t max_extent = std::int64_t{1} << 40;

std::string shape_of(const TensorView& t) {
  std::string text = "(";
  for (int i = 0; i < t.rank; ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(t.shape[static_cast<std::size_t>(i)]);
  }
  return text + ")";
}

}  // namespace

std::string to_string(Device device) {
  return device.type == DeviceType::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

void ArgumentCheck::fail(ErrorCode code, std::string got, std::string wanted,
                         std::string advice) const {
  throw Error(code, {.function = std::string(function),
                     .argument = std::string(argument),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice)});
}

void ArgumentCheck::rank(const TensorView& t, int wanted) const {
  if (t.rank != wanted) {
    fail(ErrorCode::shape, "rank " + std::to_string(t.rank), "rank " + std::to_string(wanted));
  }
  for (int i = 0; i < t.rank; ++i) {
    const std::int64_t extent = t.shape[static_cast<std::size_t>(i)];
    if (extent < 0 || extent > max_extent)
      fail(ErrorCode::shape, shape_of(t), "extents of 0 ... 2^40");
  }
}

void ArgumentCheck::dtype(const TensorView& t, std::span<const DType> accepted) const {
  if (std::find(accepted.begin(), accepted.end(), t.dtype) != accepted.end()) return;
  std::string wanted;
  for (const DType dtype : accepted)
    wanted += (wanted.empty() ? "" : ", ") + std::string(name(dtype));
  fail(ErrorCode::dtype, std::string(name(t.dtype)), "one of " + wanted);
}

void ArgumentCheck::extent(const TensorView& t, int axis, std::string_view name,
                           std::int64_t wanted) const {
  const std::int64_t got = t.shape[static_cast<std::size_t>(axis)];
  if (got == wanted) return;
  fail(ErrorCode::shape, std::string(name) + " = " + std::to_string(got) + " in " + shape_of(t),
       std::string(name) + " = " + std::to_string(wanted));
}

void ArgumentCheck::device(const TensorView& t, Device wanted) const {
  if (t.device == wanted) return;
  fail(ErrorCode::device, to_string(t.device), to_string(wanted), "move it to the weight's device");
}

void ArgumentCheck::pointer(const TensorView& t) const {
  if (t.elements() == 0) return;
  if (t.data == nullptr) fail(ErrorCode::arg, "a null pointer", "memory of shape " + shape_of(t));
  if (reinterpret_cast<std::uintptr_t>(t.data) % size_of(t.dtype) != 0) {
    fail(ErrorCode::align, "an address that is no multiple of the element's size",
         "alignment to " + std::to_string(size_of(t.dtype)) + " bytes");
  }
}

void ArgumentCheck::distinct_elements(const TensorView& t) const {
  // Axes of extent 1 are never stepped along. In rising order of stride, each axis must step over
  // all that the ones before it reach.
  std::array<int, TensorView::max_rank> axes{};
  int count = 0;
  for (int i = 0; i < t.rank; ++i) {
    if (t.shape[static_cast<std::size_t>(i)] == 0) return;
    if (t.shape[static_cast<std::size_t>(i)] > 1) axes[static_cast<std::size_t>(count++)] = i;
  }
  for (int i = 1; i < count; ++i) {  // at most four axes: insertion
    for (int j = i; j > 0; --j) {
      auto& lower = axes[static_cast<std::size_t>(j - 1)];
      auto& upper = axes[static_cast<std::size_t>(j)];
      if (t.strides[static_cast<std::size_t>(lower)] <= t.strides[static_cast<std::size_t>(upper)])
        break;
      std::swap(lower, upper);
    }
  }
  std::int64_t reach = 1;
  for (int i = 0; i < count; ++i) {
    const auto axis = static_cast<std::size_t>(axes[static_cast<std::size_t>(i)]);
    if (t.strides[axis] < reach || t.strides[axis] > (std::int64_t{1} << 60) / t.shape[axis]) {
      fail(ErrorCode::stride,
           "stride " + std::to_string(t.strides[axis]) + " of axis " + std::to_string(axis),
           "at least " + std::to_string(reach) + ", so that no two outputs share memory");
    }
    reach = t.strides[axis] * (t.shape[axis] - 1) + reach;
  }
}

MemoryRange memory_of(const TensorView& t) {
  if (t.data == nullptr || t.elements() == 0) return {};
  const auto size = static_cast<std::int64_t>(size_of(t.dtype));
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (int i = 0; i < t.rank; ++i) {
    const auto axis = static_cast<std::size_t>(i);
    const std::int64_t reach = (t.shape[axis] - 1) * t.strides[axis];
    (reach < 0 ? low : high) += reach;
  }
  const auto base = reinterpret_cast<std::uintptr_t>(t.data);
  return {base + static_cast<std::uintptr_t>(low * size),
          base + static_cast<std::uintptr_t>((high + 1) * size)};
}

}  // namespace halfbyte
