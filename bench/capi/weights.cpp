#include "bench/capi/weights.h"

#include <cstring>

#include "bench/capi/error.h"
#include "bench/capi/halfbyte_bench_c.h"

namespace halfbyte::bench {
namespace {

// The canonical form's run of one column: fields of `bits`, lowest bit first.
void write_column(const std::uint8_t* codes, std::int64_t k, int bits, std::uint8_t* out) {
  std::uint32_t pending = 0;
  int filled = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    pending |= std::uint32_t{codes[i]} << filled;
    for (filled += bits; filled >= 8; filled -= 8, pending >>= 8) {
      *out++ = static_cast<std::uint8_t>(pending);
    }
  }
  if (filled > 0) *out = static_cast<std::uint8_t>(pending);
}

struct Source {
  std::int64_t k, n, group;
  int bits;
  const std::uint8_t* codes;
  const std::uint16_t* scales;
};

PackedWeight pack_turned(const Source& source, std::int64_t places, Device device) {
  QuantizedWeight weight;
  weight.k = source.k;
  weight.n = source.n;
  weight.bits = source.bits;
  weight.group_size = source.group;
  weight.groups = (source.k + source.group - 1) / source.group;
  const std::int64_t run = weight.code_bytes_per_column();
  weight.codes.resize(static_cast<std::size_t>(weight.n * run));
  weight.scales.resize(static_cast<std::size_t>(weight.groups * weight.n * 2));
  for (std::int64_t j = 0; j < weight.n; ++j) {
    const std::int64_t from = (j + places) % weight.n;
    write_column(source.codes + from * source.k, source.k, source.bits,
                 weight.codes.data() + j * run);
    for (std::int64_t g = 0; g < weight.groups; ++g) {
      std::memcpy(weight.scales.data() + (g * weight.n + j) * 2,
                  source.scales + g * weight.n + from, 2);
    }
  }
  return pack(weight, device);
}

}  // namespace
}  // namespace halfbyte::bench

hbb_weights* hbb_weights_create(int64_t k, int64_t n, int64_t group, int bits, const uint8_t* codes,
                                const uint16_t* scales, int copies, int device) {
  using namespace halfbyte::bench;
  return guard<hbb_weights*>(nullptr, [&] {
    auto weights = std::make_unique<hbb_weights>();
    for (int c = 0; c < copies; ++c) {
      weights->copies.push_back(
          pack_turned({k, n, group, bits, codes, scales}, c, device_of(device)));
    }
    return weights.release();
  });
}

void hbb_weights_free(hbb_weights* weights) { delete weights; }

int64_t hbb_weights_bytes(const hbb_weights* weights) {
  return static_cast<int64_t>(weights->copies.at(0).bytes());
}

int hbb_weights_dequantize(const hbb_weights* weights, float* out) {
  return halfbyte::bench::guard(1, [&] {
    const auto& weight = weights->copies.at(0);
    halfbyte::dequantize(
        weight, halfbyte::TensorView::matrix(out, halfbyte::DType::f32, weight.k(), weight.n()));
    return 0;
  });
}
