#include "halfbyte/tensor.h"

#include <utility>

namespace halfbyte {
namespace {

struct DTypeRow {
  std::string_view name;
  std::size_t size;
};

// In the order of the enumerators.
constexpr DTypeRow dtype_rows[] = {{"f16", 2},  {"bf16", 2}, {"f32", 4}, {"f64", 8}, {"i8", 1},
                                   {"u8", 1},   {"i16", 2},  {"i32", 4}, {"i64", 8}, {"e4m3", 1},
                                   {"e5m2", 1}, {"e8m0", 1}, {"bool", 1}};

}  // namespace

std::size_t size_of(DType dtype) { return dtype_rows[static_cast<std::size_t>(dtype)].size; }

std::string_view name(DType dtype) { return dtype_rows[static_cast<std::size_t>(dtype)].name; }

TensorView TensorView::vector(const void* data, DType dtype, std::int64_t n, Device device) {
  TensorView view;
  view.data = const_cast<void*>(data);
  view.dtype = dtype;
  view.device = device;
  view.rank = 1;
  view.shape[0] = n;
  view.strides[0] = 1;
  return view;
}

TensorView TensorView::matrix(const void* data, DType dtype, std::int64_t rows, std::int64_t cols,
                              std::int64_t row_stride, Device device) {
  TensorView view = vector(data, dtype, rows, device);
  view.rank = 2;
  view.shape[1] = cols;
  view.strides = {row_stride < 0 ? cols : row_stride, 1, 0, 0};
  return view;
}

std::int64_t TensorView::elements() const {
  std::int64_t count = 1;
  for (int i = 0; i < rank; ++i) count *= shape[static_cast<std::size_t>(i)];
  return count;
}

}  // namespace halfbyte
