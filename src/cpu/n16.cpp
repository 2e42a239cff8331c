#include "cpu/n16.h"

#include <sys/mman.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "cpu/threads.h"
#include "halfbyte/error.h"
#include "halfbyte/numeric.h"
#include "ops/packed.h"

namespace halfbyte::cpu {

using core::n16::block_columns;

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

[[noreturn]] void out_of_memory(std::size_t bytes) {
  throw Error(ErrorCode::oom, {.function = "pack",
                               .argument = "weight",
                               .got = std::to_string(bytes) + " bytes to allocate",
                               .wanted = "a size that the host can allocate"});
}

// Lays the rows of W out group by group, each group from a multiple of k_align.
void place_rows(const QuantizedWeight& w, N16& form) {
  using core::n16::chunk_k;
  using core::n16::k_align;
  std::vector<std::int64_t> members;  // rows sorted by group; empty: the order of W
  std::vector<std::int64_t> counts(static_cast<std::size_t>(w.groups), 0);
  for (std::int64_t row = 0; row < w.k; ++row) ++counts[static_cast<std::size_t>(w.group_of(row))];
  bool in_order = true;
  for (std::int64_t row = 1; row < w.k && in_order; ++row) {
    in_order = w.group_of(row - 1) <= w.group_of(row);
  }
  std::int64_t unaligned = 0;  // groups that need padding, the last one with rows not counted
  std::int64_t last = -1;
  for (std::int64_t g = 0; g < w.groups; ++g) {
    if (counts[static_cast<std::size_t>(g)] == 0) continue;
    if (last >= 0 && counts[static_cast<std::size_t>(last)] % k_align != 0) ++unaligned;
    last = g;
  }
  const bool identity = in_order && unaligned == 0;

  std::vector<std::int64_t> start(counts.size());
  for (std::size_t g = 0; g < counts.size(); ++g) {
    start[g] = form.k_padded;
    for (std::int64_t done = 0; done < counts[g]; done += chunk_k) {
      form.chunks.push_back({form.k_padded + done,
                             static_cast<std::int32_t>(std::min(chunk_k, counts[g] - done)),
                             static_cast<std::int32_t>(g)});
    }
    form.k_padded += (counts[g] + k_align - 1) / k_align * k_align;
  }
  if (identity) return;
  form.source.assign(static_cast<std::size_t>(form.k_padded), -1);
  for (std::int64_t row = 0; row < w.k; ++row) {
    form.source[static_cast<std::size_t>(start[static_cast<std::size_t>(w.group_of(row))]++)] = row;
  }
}

void place_codes(const QuantizedWeight& w, N16& form) {
  form.codes = Buffer(static_cast<std::size_t>(
      form.blocks() * core::n16::block_bytes(form.k_padded, form.container_bits)));
  const std::int64_t block_bytes = core::n16::block_bytes(form.k_padded, form.container_bits);
  const bool words = w.bits == 4 && form.source.empty() && w.k % 8 == 0;
  parallel_for(form.blocks(), [&](std::int64_t block) {
    std::uint8_t* out = form.codes.data() + block * block_bytes;
    for (std::int64_t c = 0; c < block_columns; ++c) {
      const std::int64_t column = block * block_columns + c;
      if (column >= w.n) break;
      if (words) {  // 8 codes at once: nibbles 0 ... 7 of a word to bytes b with k = b and 4 + b
        const std::uint8_t* in = w.codes.data() + column * w.code_bytes_per_column();
        for (std::int64_t step = 0; step < form.k_padded / 8; ++step) {
          std::uint32_t v;
          std::memcpy(&v, in + step * 4, 4);
          std::uint8_t bytes[4];
          for (int b = 0; b < 4; ++b) {
            bytes[b] =
                static_cast<std::uint8_t>((v >> 4 * b & 15U) | (v >> (16 + 4 * b) & 15U) << 4);
          }
          std::memcpy(out + step * core::n16::step_bytes + c * 4, bytes, 4);
        }
        continue;
      }
      for (std::int64_t p = 0; p < form.k_padded; ++p) {
        const std::int64_t row =
            form.source.empty() ? (p < w.k ? p : -1) : form.source[static_cast<std::size_t>(p)];
        if (row < 0) continue;
        const auto place = core::n16::code_place(p, c, form.container_bits);
        out[place.byte] |= static_cast<std::uint8_t>(w.code(row, column) << place.shift);
      }
    }
  });
}

// (groups, n) of `dtype` -> [block][group][16], e8m0 widened to bf16. The tail columns are zero.
Buffer place_columns(const QuantizedWeight& w, const std::byte* in, DType dtype, N16& form) {
  const std::size_t size = dtype == DType::e8m0 ? 2 : size_of(dtype);
  Buffer out(static_cast<std::size_t>(form.blocks() * w.groups * block_columns) * size);
  for (std::int64_t g = 0; g < w.groups; ++g) {
    for (std::int64_t column = 0; column < w.n; ++column) {
      const std::int64_t to = form.group_index(column / block_columns, g) + column % block_columns;
      const std::int64_t from = g * w.n + column;
      if (dtype == DType::e8m0) {
        store_element(out.data(), DType::bf16, to, load_element(in, dtype, from));
      } else {
        std::memcpy(out.data() + static_cast<std::size_t>(to) * size,
                    in + static_cast<std::size_t>(from) * size, size);
      }
    }
  }
  return out;
}

bool all_finite(const QuantizedWeight& w, const std::vector<std::byte>& values) {
  const std::size_t count = values.size() / size_of(w.scale_dtype);
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(load_element(values.data(), w.scale_dtype, static_cast<std::int64_t>(i)))) {
      return false;
    }
  }
  return true;
}

// Writes the table as integers, if halves or quarters of its values are.
void find_integer_table(N16& form) {
  for (const float unit : {1.0F, 0.5F, 0.25F}) {
    float low = 0;
    float high = 0;
    bool whole = true;
    for (const float value : form.table) {
      const float scaled = value / unit;
      whole = whole && scaled == std::nearbyint(scaled);
      low = std::fmin(low, scaled);
      high = std::fmax(high, scaled);
    }
    if (!whole || !(high - low <= 31)) continue;
    form.integer_table = true;
    form.table_unit = unit;
    form.table_zero = static_cast<int>(-low);
    for (std::size_t i = 0; i < form.table.size(); ++i) {
      form.table_code[i] = static_cast<std::uint8_t>(form.table[i] / unit - low);
    }
    return;
  }
}

}  // namespace

Buffer::Buffer(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  const std::size_t alignment = bytes >= huge_page ? huge_page : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  auto* memory = rounded < bytes
                     ? nullptr
                     : static_cast<std::uint8_t*>(std::aligned_alloc(alignment, rounded));
  if (memory == nullptr) out_of_memory(bytes);
  memory_.reset(memory);
  if (bytes >= huge_page) madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, rounded);
}

void Buffer::Free::operator()(std::uint8_t* p) const { std::free(p); }

std::size_t N16::bytes() const {
  return codes.size() + scales.size() + zeros.size() + offsets.size() +
         chunks.size() * sizeof(Chunk) + source.size() * sizeof(source[0]) +
         g_idx.size() * sizeof(g_idx[0]);
}

const N16& n16_of(const PackedWeight& weight) {
  return *static_cast<const N16*>(weight.impl().form.get());
}

PackedWeight pack_n16(const QuantizedWeight& w, int) {
  auto form = std::make_shared<N16>();
  form->k = w.k;
  form->n = w.n;
  form->groups = w.groups;
  form->bits = w.bits;
  form->container_bits = w.bits <= 4 ? 4 : 8;
  form->group_size = w.group_size;
  form->canonical_scale_dtype = w.scale_dtype;
  form->scale_dtype = w.scale_dtype == DType::e8m0 ? DType::bf16 : w.scale_dtype;
  form->zero_kind = w.zero_kind;
  form->meaning = w.meaning;
  form->table = w.table;
  form->g_idx = w.g_idx;
  form->implied_zero =
      w.meaning == CodeMeaning::affine ? static_cast<float>(1 << (w.bits - 1)) : 0.0F;
  if (w.meaning == CodeMeaning::table) find_integer_table(*form);

  place_rows(w, *form);
  place_codes(w, *form);
  form->scales = place_columns(w, w.scales.data(), w.scale_dtype, *form);
  if (w.zero_kind == ZeroKind::integer) {
    form->zeros =
        place_columns(w, reinterpret_cast<const std::byte*>(w.zeros.data()), DType::u8, *form);
  } else if (w.zero_kind != ZeroKind::symmetric) {
    form->offsets = place_columns(w, w.offsets.data(), w.scale_dtype, *form);
  }
  form->finite_scales = all_finite(w, w.scales) && all_finite(w, w.offsets);

  const std::size_t bytes = form->bytes();
  return packed_weight(w, "cpu/n16", {}, bytes, std::move(form));
}

QuantizedWeight unpack_n16(const PackedWeight& weight) {
  const N16& form = n16_of(weight);
  QuantizedWeight w;
  w.k = form.k;
  w.n = form.n;
  w.bits = form.bits;
  w.meaning = form.meaning;
  w.table = form.table;
  w.group_size = form.group_size;
  w.groups = form.groups;
  w.g_idx = form.g_idx;
  w.scale_dtype = form.canonical_scale_dtype;
  w.zero_kind = form.zero_kind;
  w.codes.resize(static_cast<std::size_t>(w.n * w.code_bytes_per_column()));
  parallel_for(form.blocks(), [&](std::int64_t block) {
    for (std::int64_t c = 0; c < block_columns; ++c) {
      const std::int64_t column = block * block_columns + c;
      if (column >= w.n) break;
      for (std::int64_t p = 0; p < form.k_padded; ++p) {
        const std::int64_t row =
            form.source.empty() ? (p < w.k ? p : -1) : form.source[static_cast<std::size_t>(p)];
        if (row < 0) continue;
        const auto place = core::n16::code_place(p, c, form.container_bits);
        const std::uint32_t byte = form.block_codes(block)[place.byte];
        w.set_code(row, column, byte >> place.shift & ((1U << w.bits) - 1U));
      }
    }
  });
  const auto gather = [&](const Buffer& in, DType dtype, auto& out) {
    const std::size_t size = size_of(dtype);
    out.resize(static_cast<std::size_t>(w.groups * w.n) * size);
    for (std::int64_t g = 0; g < w.groups; ++g) {
      for (std::int64_t column = 0; column < w.n; ++column) {
        const std::int64_t from =
            form.group_index(column / block_columns, g) + column % block_columns;
        auto* to = out.data() + static_cast<std::size_t>(g * w.n + column) * size;
        if (dtype == DType::e8m0) {  // the exponent of a power of two kept as bf16
          const float value = bf16_to_f32(reinterpret_cast<const std::uint16_t*>(in.data())[from]);
          const std::uint8_t exponent =
              std::isnan(value) ? 255 : static_cast<std::uint8_t>(std::ilogb(value) + 127);
          std::memcpy(to, &exponent, 1);
        } else {
          std::memcpy(to, in.data() + static_cast<std::size_t>(from) * size, size);
        }
      }
    }
  };
  gather(form.scales, w.scale_dtype, w.scales);
  if (w.zero_kind == ZeroKind::integer) gather(form.zeros, DType::u8, w.zeros);
  if (form.offsets.size() > 0) gather(form.offsets, w.scale_dtype, w.offsets);
  return w;
}

}  // namespace halfbyte::cpu
