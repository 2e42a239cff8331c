// quantize(): the checks, the order of the groups, and the method's row.
#include "halfbyte/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <string>

#include "halfbyte/error.h"
#include "quantize/column_chunks.h"
#include "quantize/dense_rows.h"
#include "quantize/methods.h"

namespace halfbyte {
namespace {

using quantize_detail::Method;

[[noreturn]] void fail(ErrorCode code, std::string argument, std::string got, std::string wanted,
                       std::string advice = {}) {
  throw Error(code, {.function = "quantize",
                     .argument = std::move(argument),
                     .got = std::move(got),
                     .wanted = std::move(wanted),
                     .advice = std::move(advice)});
}

const Method& method_named(std::string_view name) {
  std::string known;
  for (const Method& method : quantize_detail::methods()) {
    if (method.name == name) return method;
    if (!known.empty()) known += ", ";
    known += method.name;
  }
  fail(ErrorCode::arg, "method", std::string(name), known);
}

void check_options(const QuantizeOptions& options) {
  if (options.bits != 2 && options.bits != 3 && options.bits != 4 && options.bits != 8) {
    fail(ErrorCode::range, "bits", std::to_string(options.bits), "2, 3, 4 or 8");
  }
  const std::int64_t group = options.group_size;
  if (group != -1 && (group < 8 || group % 8 != 0 || group > std::int64_t{1} << 40)) {
    fail(ErrorCode::range, "group_size", std::to_string(group), "-1 or a multiple of 8");
  }
  const DType scale = options.scale_dtype;
  if (scale != DType::f16 && scale != DType::bf16 && scale != DType::f32) {
    fail(ErrorCode::dtype, "scale_dtype", std::string(name(scale)), "f16, bf16 or f32");
  }
}

void check_weight(const TensorView& w) {
  if (w.device.type != DeviceType::cpu) {
    fail(ErrorCode::device, "weight", "a tensor on a GPU", "a tensor on the CPU");
  }
  if (w.rank != 2) fail(ErrorCode::shape, "weight", "rank " + std::to_string(w.rank), "(n, k)");
  constexpr std::int64_t max_extent = std::int64_t{1} << 40;
  for (int d = 0; d < 2; ++d) {
    const std::int64_t extent = w.shape[static_cast<std::size_t>(d)];
    if (extent < 0 || extent > max_extent) {
      fail(ErrorCode::shape, "weight", std::to_string(extent), "extents of 0 ... 2^40");
    }
  }
  if (w.dtype != DType::f16 && w.dtype != DType::bf16 && w.dtype != DType::f32) {
    fail(ErrorCode::dtype, "weight", std::string(name(w.dtype)), "f16, bf16 or f32");
  }
  if (w.data == nullptr && w.shape[0] > 0 && w.shape[1] > 0) {
    fail(ErrorCode::arg, "weight", "a null pointer", "data");
  }
}

// Names the first weight, in the order of the tensor, that is no number.
void check_finite(const TensorView& w) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  const std::int64_t chunks = quantize_detail::chunk_count(w.shape[0]);
  std::vector<std::int64_t> bad(static_cast<std::size_t>(chunks), none);
  const auto look = [&](std::int64_t chunk, std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = end - 1; j >= begin; --j) {
      bool finite = true;
      quantize_detail::for_each_in_row(
          w, j, [&](std::int64_t, float value) { finite = finite && std::isfinite(value); });
      if (!finite) bad[static_cast<std::size_t>(chunk)] = j;
    }
  };
  quantize_detail::for_each_chunk(w.shape[0], chunks, look);
  const std::int64_t bad_row = bad.empty() ? none : *std::min_element(bad.begin(), bad.end());
  if (bad_row == none) return;
  quantize_detail::for_each_in_row(w, bad_row, [&](std::int64_t i, float value) {
    if (std::isfinite(value)) return;
    fail(ErrorCode::range,
         "weight[row " + std::to_string(bad_row) + ", column " + std::to_string(i) + "]",
         std::to_string(value), "finite numbers");
  });
}

// The rows of W (k, n) by falling importance; equals keep their order.
std::vector<std::int64_t> order_rows(std::int64_t k, const std::vector<float>& importance) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(k));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (importance.empty()) return order;
  if (importance.size() != order.size()) {
    fail(ErrorCode::shape, "importance", std::to_string(importance.size()) + " values",
         std::to_string(k) + ", one for each input feature");
  }
  for (std::size_t i = 0; i < importance.size(); ++i) {
    if (std::isnan(importance[i])) {
      fail(ErrorCode::range, "importance[" + std::to_string(i) + "]", "nan", "numbers");
    }
  }
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return importance[static_cast<std::size_t>(a)] > importance[static_cast<std::size_t>(b)];
  });
  return order;
}

// The weight's shape with its arrays zeroed, for the method to fill in.
QuantizedWeight blank_weight(const TensorView& w, const QuantizeOptions& options) {
  QuantizedWeight out;
  out.n = w.shape[0];
  out.k = w.shape[1];
  out.bits = options.bits;
  out.group_size = options.group_size == -1 ? std::max<std::int64_t>(out.k, 1) : options.group_size;
  out.groups = (out.k + out.group_size - 1) / out.group_size;
  out.scale_dtype = options.scale_dtype;
  out.codes.resize(static_cast<std::size_t>(out.n * out.code_bytes_per_column()));
  const auto entries = static_cast<std::size_t>(out.groups * out.n);
  out.scales.resize(entries * size_of(out.scale_dtype));
  if (!options.symmetric) {
    out.zero_kind = ZeroKind::integer;
    out.zeros.resize(entries);
  }
  return out;
}

}  // namespace

QuantizedWeight quantize(const TensorView& weight_nk, const QuantizeOptions& options,
                         const std::vector<float>& importance) try {
  const Method& method = method_named(options.method);
  check_options(options);
  check_weight(weight_nk);
  const std::vector<std::int64_t> order = order_rows(weight_nk.shape[1], importance);
  check_finite(weight_nk);

  QuantizedWeight out = blank_weight(weight_nk, options);
  if (!importance.empty()) {
    out.g_idx.resize(order.size());
    for (std::size_t p = 0; p < order.size(); ++p) {
      out.g_idx[static_cast<std::size_t>(order[p])] =
          static_cast<std::int32_t>(static_cast<std::int64_t>(p) / out.group_size);
    }
  }
  method.run({weight_nk, options, order}, out);
  return out;
} catch (const std::bad_alloc&) {
  fail(ErrorCode::oom, "weight", "no memory for its codes and scales", "", "free some memory");
}

}  // namespace halfbyte
