// The CPU's packed form of a weight: see core/layout/n16.h for the layout of the codes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/layout/n16.h"
#include "halfbyte/weight.h"

namespace halfbyte::cpu {

// 64-byte aligned memory, on huge pages where the system gives them: a weight is read once a call,
// and with 4 KiB pages the page walks cost 10 % of the bandwidth.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes);
  std::uint8_t* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const;
  };
  std::unique_ptr<std::uint8_t, Free> memory_;
  std::size_t size_ = 0;
};

// Up to chunk_k positions of one group. The first position is a multiple of k_align; `count` of the
// padded length carry weights, the rest are padding that no kernel multiplies by.
struct Chunk {
  std::int64_t first = 0;
  std::int32_t count = 0;
  std::int32_t group = 0;
  std::int32_t padded() const {
    return (count + core::n16::k_align - 1) / core::n16::k_align * core::n16::k_align;
  }
};

struct N16 {
  std::int64_t k = 0;
  std::int64_t n = 0;
  std::int64_t groups = 0;
  std::int64_t k_padded = 0;  // positions of a column with the padding
  int container_bits = 4;     // 4 for codes of up to 4 bits, 8 for 8
  std::vector<Chunk> chunks;
  // source[p] is the row of W at position p, -1 for padding. Empty: row p, padding at the end only.
  std::vector<std::int64_t> source;

  Buffer codes;                    // [block][step][64]
  DType scale_dtype = DType::f16;  // f16, bf16 or f32 (e8m0 is kept as bf16, exactly)
  Buffer scales;                   // [block][group][16] of scale_dtype
  ZeroKind zero_kind = ZeroKind::symmetric;
  Buffer zeros;               // ZeroKind::integer: [block][group][16] bytes
  Buffer offsets;             // ZeroKind::real, minimum: [block][group][16] of scale_dtype
  float implied_zero = 0;     // ZeroKind::symmetric
  bool finite_scales = true;  // no scale or offset is NaN or Inf

  CodeMeaning meaning = CodeMeaning::affine;
  std::array<float, 16> table{};
  // The table as table[q] = (table_code[q] - table_zero) * table_unit with codes of 0 ... 31, where
  // it can be written so (e2m1 can); the kernels on integers need it.
  bool integer_table = false;
  std::array<std::uint8_t, 16> table_code{};
  int table_zero = 0;
  float table_unit = 1;

  // For the way back only.
  int bits = 4;
  std::int64_t group_size = 0;
  DType canonical_scale_dtype = DType::f16;
  std::vector<std::int32_t> g_idx;

  std::int64_t blocks() const { return core::n16::blocks(n); }
  const std::uint8_t* block_codes(std::int64_t block) const {
    return codes.data() + block * core::n16::block_bytes(k_padded, container_bits);
  }
  // Index of (block, group, column 0) in scales, zeros and offsets.
  std::int64_t group_index(std::int64_t block, std::int64_t group) const {
    return (block * groups + group) * core::n16::block_columns;
  }
  std::size_t bytes() const;
};

PackedWeight pack_n16(const QuantizedWeight& weight, int device_index);
QuantizedWeight unpack_n16(const PackedWeight& weight);
const N16& n16_of(const PackedWeight& weight);

}  // namespace halfbyte::cpu
