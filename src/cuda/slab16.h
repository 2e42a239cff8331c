// The GPU's packed form of a weight: core/layout/slab16.h.
#pragma once

#include <cstdint>
#include <vector>

#include "core/layout/slab16.h"
#include "halfbyte/device_memory.h"
#include "halfbyte/weight.h"

namespace halfbyte::cuda {

struct Slab16 {
  // All but the codes, for the way back: a few per cent of the weight, on the host.
  QuantizedWeight canonical;
  int device = 0;
  int code_bits = 4;  // 4 for codes of up to 4 bits, 8 for 8
  std::int64_t k_blocks = 0;
  std::int64_t scale_rows = 0;
  int scale_shift = 0;  // core::slab16::scale_row
  // Row of W at each position, -1 for padding. Empty: row p at position p.
  std::vector<std::int32_t> source;

  DeviceMemory codes;
  DeviceMemory source_on_device;
  // Rows of 64 columns, in the layout's order. 16-bit where the scales are (e8m0 as bf16, exactly),
  // else f32, which only the plain kernel reads.
  DeviceMemory scales;
  DeviceMemory offsets;  // ZeroKind::real, minimum: as the scales
  DeviceMemory zeros;    // ZeroKind::integer: fields of code_bits
  DType scale_dtype = DType::f16;
  bool is_e2m1 = false;          // a table that is MXFP4's
  bool fits_f16 = true;          // every weight, where it has offsets, is within f16's range
  bool infinite_scale = false;   // any scale or offset is infinite
  std::uint64_t same_zeros = 0;  // ZeroKind::symmetric: the zero in every field

  std::size_t bytes() const {
    return codes.size() + source_on_device.size() + scales.size() + offsets.size() + zeros.size();
  }
};

const Slab16& slab16_of(const PackedWeight& weight);

// Runs of positions: where each row of W goes, and how long a row of scales holds.
struct Positions {
  std::vector<std::int32_t> source;    // as in Slab16
  std::vector<std::int32_t> position;  // of each row of W; empty: itself
  std::vector<std::int32_t> group;     // of each row of scales, -1 for padding
  std::int64_t k_blocks = 0;
  int scale_shift = 0;
};
Positions place_rows(const QuantizedWeight& weight);

// What lies in rows of 64 columns, from (groups, n) of w.scale_dtype, or the zeros of the weight;
// e8m0 becomes bf16, exactly. Padding is zero.
std::vector<std::byte> place_by_group(const QuantizedWeight& weight, const std::byte* values,
                                      const Positions& at);
std::vector<std::byte> place_zeros(const QuantizedWeight& weight, int code_bits,
                                   const Positions& at);

// On the GPU: canonical codes on the device to slab16 and back. Blocking.
void pack_codes(const QuantizedWeight& weight, Slab16& form);
void unpack_codes(const Slab16& form, const Positions& positions, QuantizedWeight& weight);

}  // namespace halfbyte::cuda
