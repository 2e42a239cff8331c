// The kernels of the w4a16 family themselves, every instance under every schedule, run thread by
// thread on the host (simt.h) and held against float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "copies.h"
#include "core/layout/slab16_pack.h"
#include "cuda/slab16.h"
#include "cuda/w4a16/instance.h"
#include "halfbyte/numeric.h"
#include "simt.h"
#include "tests/support/weights.h"

namespace halfbyte::cuda::w4a16 {
namespace {

namespace layout = core::slab16;
using test::WeightCase;

// A weight as the kernels read it.
struct Packed {
  Positions at;
  int code_bits;
  std::vector<std::uint32_t> codes;
  std::vector<std::byte> scales, offsets, zeros;
};

Packed pack_on_host(const QuantizedWeight& w) {
  Packed p{place_rows(w), w.bits <= 4 ? 4 : 8, {}, {}, {}, {}};
  const layout::Columns from{reinterpret_cast<const std::uint8_t*>(w.codes.data()),
                             w.code_bytes_per_column(), w.k, w.n, w.bits};
  const std::int64_t bytes = layout::code_bytes(p.at.k_blocks * layout::block_k, w.n, p.code_bits);
  const std::int32_t* source = p.at.source.empty() ? nullptr : p.at.source.data();
  for (std::int64_t word = 0; word < bytes / 4; ++word) {
    p.codes.push_back(layout::pack_word(from, source, word, p.at.k_blocks, p.code_bits));
  }
  p.scales = place_by_group(w, w.scales.data(), p.at);
  if (w.zero_kind == ZeroKind::integer) {
    p.zeros = place_zeros(w, p.code_bits, p.at);
  } else if (w.zero_kind != ZeroKind::symmetric) {
    p.offsets = place_by_group(w, w.offsets.data(), p.at);
  }
  return p;
}

template <class T>
const T* data_or_null(const std::vector<std::byte>& bytes) {
  if (bytes.empty()) return nullptr;
  simt::allow_copies_from(bytes.data(), bytes.size());
  return reinterpret_cast<const T*>(bytes.data());
}

struct Problem {
  WeightCase weight;
  std::int64_t m;
};

struct Schedules {
  Count split, stream_k_workers;
};
constexpr Schedules schedules[] = {{1, 0}, {2, 0}, {5, 0}, {1, 3}};

// How x lies: rows of whole 16-byte copies, or anything.
struct XLayout {
  bool copied;
  std::int64_t column_stride;
};
constexpr XLayout copied{true, 1}, gathered{false, 1}, backwards{false, -1};

class Simulation {
 public:
  Simulation(const Problem& problem, DType dtype, const XLayout& layout)
      : w_(test::make_weight(problem.weight, 7)), packed_(pack_on_host(w_)), m_(problem.m) {
    dtype_ = dtype;
    column_stride_ = layout.column_stride;
    stride_ = layout.copied ? (w_.k + 7) / 8 * 8 : w_.k + 3;
    std::mt19937_64 bits(11);
    std::normal_distribution<double> normal;
    x_.resize(static_cast<std::size_t>(m_ * stride_ * 2 + 16));
    for (std::int64_t i = 0; i < m_ * stride_; ++i) store_element(x(), dtype, i, normal(bits));
    bias_.resize(static_cast<std::size_t>(w_.n));
    for (float& b : bias_) b = static_cast<float>(normal(bits));
    TensorView view = TensorView::matrix(first_x(), dtype, m_, w_.k, stride_);
    view.strides[1] = column_stride_;
    const auto rounding =
        packed_.offsets.empty() ? WeightRounding::exact : WeightRounding::rounded16;
    oracle_ =
        bench::make_oracle(w_, view, rounding, TensorView::vector(bias_.data(), DType::f32, w_.n));
  }

  // Whether the kernel takes the weight (launch.cpp and kernels.cpp decide that for real calls).
  bool fits(const Instance& i) const {
    return i.dtype == dtype_ && (i.segments == 2 || packed_.at.scale_shift >= 1) &&
           layout::padded_n(w_.n) % i.tile_n() == 0;
  }

  void run(const Instance& instance, int warps, const Schedules& schedule) {
    simt::forget_buffers();
    Args a{};
    a.codes = reinterpret_cast<const std::uint8_t*>(packed_.codes.data());
    simt::allow_copies_from(packed_.codes.data(), packed_.codes.size() * 4);
    a.scales = data_or_null<std::uint16_t>(packed_.scales);
    a.offsets = data_or_null<std::uint16_t>(packed_.offsets);
    a.zeros = data_or_null<std::uint8_t>(packed_.zeros);
    a.zeros_differ = a.zeros != nullptr;
    a.source = packed_.at.source.empty() ? nullptr : packed_.at.source.data();
    if (w_.meaning == CodeMeaning::affine && packed_.offsets.empty()) {
      for (int bit = 0; bit < 64; bit += packed_.code_bits) {
        a.same_zeros |= std::uint64_t{1} << (w_.bits - 1) << bit;
      }
    }
    a.scale_rows = static_cast<std::int64_t>(packed_.at.group.size());
    a.k_blocks = static_cast<Count>(packed_.at.k_blocks);
    a.scale_shift = std::min(packed_.at.scale_shift, 31);
    a.scales_are_bf16 = w_.scale_dtype != DType::f16;  // e8m0 has become bf16
    a.offsets_are_minima = w_.zero_kind == ZeroKind::minimum;
    a.x = first_x();
    for (std::int64_t row = 0; row < m_; ++row) {  // copies from the gaps between rows throw
      simt::allow_copies_from(x() + row * stride_ * 2, static_cast<std::size_t>(w_.k) * 2);
    }
    a.x_row_stride = stride_;
    a.x_column_stride = column_stride_;
    std::vector<float> y(static_cast<std::size_t>(m_ * w_.n), std::nanf(""));
    a.y = y.data();
    a.y_row_stride = w_.n;
    a.y_column_stride = 1;
    a.y_dtype = DType::f32;
    a.bias = bias_.data();
    a.bias_stride = 1;
    a.bias_dtype = DType::f32;
    a.m = static_cast<Count>(m_);
    a.n = static_cast<Count>(w_.n);
    a.k = static_cast<Count>(w_.k);
    const core::PreparedTiles tiles({a.m, a.n, instance.tile_m(), instance.tile_n()});
    const core::BasicExtent<Count> extent{tiles.count(), a.k_blocks};
    a.division = {.tiles = tiles,
                  .split_k = {extent, schedule.split},
                  .stream_k = {extent, std::max(schedule.stream_k_workers, 1)},
                  .is_stream_k = schedule.stream_k_workers > 0};
    std::vector<std::uint64_t> arrivals(static_cast<std::size_t>(tiles.count()),
                                        0xDEADBEEFDEADBEEF);
    const bool atomic = instance.meeting == Meeting::atomic;
    const Count places = atomic ? tiles.count() : a.division.partials();
    std::vector<float> partials(
        static_cast<std::size_t>(places * instance.tile_m() * instance.tile_n()),
        atomic ? 0 : std::nanf(""));
    a.arrivals = arrivals.data();
    a.partials = partials.data();
    simt::run({.grid = static_cast<unsigned>(a.division.workers()),
               .block = static_cast<unsigned>(32 * warps),
               .cluster = 1,
               .shared_bytes = instance.shared_bytes(warps)},
              [&] { instance.kernel(a); });
    const Count slices = schedule.stream_k_workers > 0 ? a.k_blocks : schedule.split;
    const bench::Verdict verdict =
        bench::compare(TensorView::matrix(y.data(), DType::f32, m_, w_.n), oracle_.y64.data(),
                       oracle_.a.data(), {.k = w_.k, .splits = std::max<Count>(slices, 1)});
    ASSERT_TRUE(verdict.ok) << "error / bound " << verdict.max_err_over_bound;
  }

 private:
  std::byte* x() {  // on 16 bytes
    const auto at = reinterpret_cast<std::uintptr_t>(x_.data());
    return x_.data() + (16 - at % 16) % 16;
  }

  std::byte* first_x() { return x() + (column_stride_ < 0 ? (w_.k - 1) * 2 : 0); }

  QuantizedWeight w_;
  Packed packed_;
  std::int64_t m_, stride_ = 0, column_stride_ = 1;
  DType dtype_ = DType::f16;
  std::vector<std::byte> x_;
  std::vector<float> bias_;
  bench::Oracle oracle_;
};

int run_all(std::span<const Instance> instances, const std::vector<Problem>& problems,
            const XLayout& layout) {
  int runs = 0, first = 0;
  for (const Problem& problem : problems) {
    for (const DType dtype : {DType::f16, DType::bf16}) {
      Simulation simulation(problem, dtype, layout);
      int turn = first++;
      for (const Instance& instance : instances) {
        if (!simulation.fits(instance)) continue;
        for (const Schedules& schedule : schedules) {
          if (++turn % 2 == 0) continue;  // each instance meets every schedule in some problem
          constexpr int warps = 4;
          SCOPED_TRACE(to_string(problem.weight) + " m=" + std::to_string(problem.m) +
                       " slabs=" + std::to_string(instance.slabs) +
                       " octets=" + std::to_string(instance.octets) +
                       " segments=" + std::to_string(instance.segments) +
                       " atomic=" + std::to_string(instance.meeting == Meeting::atomic) +

                       " split=" + std::to_string(schedule.split) +
                       " stream-K workers=" + std::to_string(schedule.stream_k_workers));
          simulation.run(instance, warps, schedule);
          ++runs;
          if (::testing::Test::HasFatalFailure()) return runs;
        }
      }
    }
  }
  ::testing::Test::RecordProperty("runs", runs);
  return runs;
}

// Rows short of an octet and past it, k that ends within a block, n within a row of 64 columns.
// The first is long enough for every ring of stages to come round.
const std::vector<Problem> with_integer_zeros{
    {{.k = 1664, .n = 128, .group = 64}, 3},
    {{.k = 456, .n = 80, .group = -1, .scale = DType::bf16}, 17},
    {{.k = 512, .n = 128, .group = 128, .zero = ZeroKind::integer}, 9},
    {{.k = 328, .n = 40, .group = 32, .zero = ZeroKind::integer}, 1},
};

std::vector<Problem> of_bits(std::vector<Problem> problems, int bits) {
  for (Problem& p : problems) p.weight.bits = bits;
  return problems;
}

TEST(EmulatedW4A16, FourBits) {
  EXPECT_GT(run_all(u4_instances(), with_integer_zeros, copied), 100);
}
TEST(EmulatedW4A16, FourBitsAtomic) {
  EXPECT_GT(run_all(u4_atomic_instances(), with_integer_zeros, copied), 100);
}
TEST(EmulatedW4A16, ThreeBits) {
  EXPECT_GT(run_all(u4_instances(), of_bits({with_integer_zeros[2]}, 3), copied), 20);
}
TEST(EmulatedW4A16, EightBits) {
  EXPECT_GT(run_all(u8_instances(), of_bits(with_integer_zeros, 8), copied), 40);
}
TEST(EmulatedW4A16, AnyX) {
  const std::vector<Problem> problems{
      {{.k = 200, .n = 70, .group = 8, .zero = ZeroKind::integer}, 5},
      {{.k = 320, .n = 64, .group = 32, .shuffled = true}, 11}};
  EXPECT_GT(run_all(u4_gathered_instances(), problems, backwards), 20);
  EXPECT_GT(run_all(u8_gathered_instances(), of_bits(problems, 8), gathered), 20);
}
TEST(EmulatedW4A16, RealZerosAndMinima) {
  const std::vector<Problem> problems{
      {{.k = 256, .n = 64, .group = 64, .zero = ZeroKind::real}, 5},
      {{.k = 200, .n = 72, .group = 40, .zero = ZeroKind::minimum, .scale = DType::bf16}, 9}};
  EXPECT_GT(run_all(u4_offset_instances(), problems, gathered), 20);
  EXPECT_GT(run_all(u8_offset_instances(), of_bits(problems, 8), gathered), 20);
}
TEST(EmulatedW4A16, Mxfp4) {
  const std::vector<Problem> problems{
      {{.k = 416, .n = 72, .group = 32, .scale = DType::e8m0, .table = true}, 7}};
  EXPECT_GT(run_all(e2m1_instances(), problems, copied), 10);
  EXPECT_GT(run_all(e2m1_gathered_instances(), problems, gathered), 10);
}

}  // namespace
}  // namespace halfbyte::cuda::w4a16
