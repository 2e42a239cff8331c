// Quantised weights: the canonical form that every checkpoint format is read into and written from,
// and the packed form that a backend's kernels read.
//
// A linear layer computes y = x W with W of shape (k, n): k input features, n output features.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "halfbyte/tensor.h"

namespace halfbyte {

// What a code q stands for.
enum class CodeMeaning : std::uint8_t {
  affine,  // the integer q itself
  table,   // table[q], e.g. the e2m1 values of MXFP4
};

// How a group's offset is stored. With v = q or table[q]:
enum class ZeroKind : std::uint8_t {
  symmetric,  // w = (v - z) s with z = 2^(bits-1) for affine codes, z = 0 for tables; nothing
              // stored
  integer,    // w = (q - z) s, z in 0 ... 2^bits - 1, one byte each
  real,       // w = (v - z) s, z of the scales' type
  minimum,    // w = v s + m, m of the scales' type
};

// The canonical form. Lossless: a checkpoint read into it and written again in the same format
// holds the same codes, scales, zeros and g_idx.
struct QuantizedWeight {
  std::int64_t k = 0;
  std::int64_t n = 0;
  int bits = 4;  // 2, 3, 4 or 8
  CodeMeaning meaning = CodeMeaning::affine;
  std::array<float, 16> table{};  // for CodeMeaning::table, bits <= 4

  std::int64_t group_size = 0;  // rows of W that share a scale; k when one scale serves a column
  std::int64_t groups = 0;      // rows of scales; ceil(k / group_size) unless g_idx says otherwise
  // g_idx[i] is the group of row i. Empty: row i is in group i / group_size.
  std::vector<std::int32_t> g_idx;

  // Codes of output column j, rows 0 ... k-1 as a dense stream of `bits`-wide fields, lowest bit
  // first, padded to a whole byte: n runs of code_bytes_per_column() bytes.
  std::vector<std::uint8_t> codes;

  DType scale_dtype = DType::f16;  // f16, bf16, f32 or e8m0
  std::vector<std::byte> scales;   // (groups, n), row major

  ZeroKind zero_kind = ZeroKind::symmetric;
  std::vector<std::uint8_t> zeros;  // ZeroKind::integer: (groups, n)
  std::vector<std::byte> offsets;   // ZeroKind::real, minimum: (groups, n) of scale_dtype

  std::int64_t code_bytes_per_column() const { return (k * bits + 7) / 8; }
  std::uint32_t code(std::int64_t row, std::int64_t column) const;
  void set_code(std::int64_t row, std::int64_t column, std::uint32_t code);
  std::int64_t group_of(std::int64_t row) const;
  // The scale (or offset) of a group and column, widened exactly.
  float scale(std::int64_t group, std::int64_t column) const;
  float offset(std::int64_t group, std::int64_t column) const;
  // The weight in float64: the definition that every kernel is checked against.
  double value(std::int64_t row, std::int64_t column) const;

  // Throws unless sizes, bits, group size and g_idx agree with each other. `function` and
  // `argument` are named in the error.
  void check(std::string_view function, std::string_view argument) const;
};

// A backend's form of a weight. Immutable; copies share the memory; any number of threads and
// streams may read it at once.
class PackedWeight {
 public:
  struct Impl;
  PackedWeight() = default;
  explicit PackedWeight(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  bool empty() const { return impl_ == nullptr; }
  std::int64_t k() const;
  std::int64_t n() const;
  int bits() const;
  std::int64_t group_size() const;
  Device device() const;
  std::string_view layout() const;  // e.g. "cpu/n16": see docs/formats.md
  std::size_t bytes() const;        // memory held

  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

// Makes the packed form for a device. Needs the weight's size once more while it runs.
// Errors: E_ARG, E_SHAPE, E_RANGE (an inconsistent weight), E_UNSUPPORTED, E_NO_GPU.
PackedWeight pack(const QuantizedWeight& weight, Device device = {});

// The exact inverse of pack.
QuantizedWeight unpack(const PackedWeight& weight);

// Writes W as (k, n) into `out` on the host (f16, bf16, f32 or f64), rounded once.
void dequantize(const QuantizedWeight& weight, const TensorView& out);
void dequantize(const PackedWeight& weight, const TensorView& out);

}  // namespace halfbyte
