// Round to nearest, group by group: the columns of W are independent, so they are dealt out to the
// threads whole, and the result does not depend on how.
#include <algorithm>
#include <limits>
#include <string>

#include "halfbyte/error.h"
#include "halfbyte/numeric.h"
#include "quantize/column_chunks.h"
#include "quantize/dense_rows.h"
#include "quantize/methods.h"
#include "quantize/rtn_group.h"

namespace halfbyte::quantize_detail {
namespace {

struct ColumnScratch {
  std::vector<float> by_row;              // W[:, j] as it comes
  std::vector<float> grouped;             // the same in the order of the groups
  std::vector<float> search;              // one padded group
  std::vector<std::uint8_t> group_codes;  // codes in the order of the groups
  std::vector<std::uint8_t> codes;        // codes by row
};

// Writes the codes of column j as the canonical bit stream.
void pack_column(std::span<const std::uint8_t> codes, std::int64_t j, QuantizedWeight& out) {
  std::uint8_t* bytes = out.codes.data() + j * out.code_bytes_per_column();
  std::uint32_t held = 0;
  int held_bits = 0;
  for (const std::uint8_t code : codes) {
    held |= static_cast<std::uint32_t>(code) << held_bits;
    held_bits += out.bits;
    for (; held_bits >= 8; held_bits -= 8, held >>= 8) *bytes++ = static_cast<std::uint8_t>(held);
  }
  if (held_bits > 0) *bytes = static_cast<std::uint8_t>(held);
}

// False if some group's scale is out of range.
bool quantize_column(const MethodInput& input, std::int64_t j, ColumnScratch& scratch,
                     QuantizedWeight& out) {
  const GroupRule rule{input.options.bits, input.options.symmetric, input.options.search_clip,
                       input.options.scale_dtype};
  const auto k = static_cast<std::size_t>(out.k);
  for_each_in_row(input.weight_nk, j, [&](std::int64_t i, float w) {
    scratch.by_row[static_cast<std::size_t>(i)] = w;
  });
  for (std::size_t p = 0; p < k; ++p) {
    scratch.grouped[p] = scratch.by_row[static_cast<std::size_t>(input.order[p])];
  }
  for (std::int64_t g = 0; g < out.groups; ++g) {
    const auto begin = static_cast<std::size_t>(g * out.group_size);
    const std::size_t size = std::min(static_cast<std::size_t>(out.group_size), k - begin);
    const auto weights = std::span<const float>(scratch.grouped).subspan(begin, size);
    const GroupFit fit = fit_group(weights, rule, scratch.search);
    if (!fit.representable) return false;
    assign_codes(weights, fit, out.bits, std::span(scratch.group_codes).subspan(begin, size));
    store_element(out.scales.data(), out.scale_dtype, g * out.n + j, fit.scale);
    if (!input.options.symmetric) {
      out.zeros[static_cast<std::size_t>(g * out.n + j)] = static_cast<std::uint8_t>(fit.zero);
    }
  }
  for (std::size_t p = 0; p < k; ++p) {
    scratch.codes[static_cast<std::size_t>(input.order[p])] = scratch.group_codes[p];
  }
  pack_column(scratch.codes, j, out);
  return true;
}

}  // namespace

void run_rtn(const MethodInput& input, QuantizedWeight& out) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  const auto k = static_cast<std::size_t>(out.k);
  const auto group = std::min(static_cast<std::size_t>(out.group_size), k);
  // Allocated before the threads start, as a task must not throw.
  const std::int64_t chunks = chunk_count(out.n);
  const ColumnScratch blank{std::vector<float>(k), std::vector<float>(k),
                            std::vector<float>(padded_size(group)), std::vector<std::uint8_t>(k),
                            std::vector<std::uint8_t>(k)};
  std::vector<ColumnScratch> scratch(static_cast<std::size_t>(chunks), blank);
  std::vector<std::int64_t> bad(static_cast<std::size_t>(chunks), none);
  for_each_chunk(out.n, chunks, [&](std::int64_t chunk, std::int64_t begin, std::int64_t end) {
    const auto c = static_cast<std::size_t>(chunk);
    for (std::int64_t j = begin; j < end; ++j) {
      if (!quantize_column(input, j, scratch[c], out)) bad[c] = std::min(bad[c], j);
    }
  });
  const std::int64_t bad_column = bad.empty() ? none : *std::min_element(bad.begin(), bad.end());
  if (bad_column != none) {
    throw Error(ErrorCode::range,
                {.function = "quantize",
                 .argument = "weight",
                 .got = "a scale beyond " + std::string(name(out.scale_dtype)) +
                        " in output feature " + std::to_string(bad_column),
                 .wanted = "scales that " + std::string(name(out.scale_dtype)) + " can hold",
                 .advice = "use bf16 or f32 scales"});
  }
}

}  // namespace halfbyte::quantize_detail
