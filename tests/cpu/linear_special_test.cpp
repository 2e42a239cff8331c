// NaN and Inf stay in their rows and columns; strides, zero extents, repeated and concurrent calls.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "halfbyte/numeric.h"
#include "halfbyte/workspace.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;

std::vector<std::byte> random_x(std::int64_t m, std::int64_t k, DType dtype,
                                std::uint64_t seed = 1) {
  std::mt19937_64 bits(seed);
  std::normal_distribution<double> normal;
  std::vector<std::byte> x(static_cast<std::size_t>(m * k) * size_of(dtype));
  for (std::int64_t i = 0; i < m * k; ++i) store_element(x.data(), dtype, i, normal(bits));
  return x;
}

const double nan_value = std::numeric_limits<double>::quiet_NaN();
const double infinity = std::numeric_limits<double>::infinity();

TEST(LinearSpecial, NonFiniteXStaysInItsRow) {
  const std::int64_t k = 320;
  const std::int64_t n = 40;
  const std::int64_t m = 8;
  for (const bool table : {false, true}) {
    const QuantizedWeight weight =
        test::make_weight({.k = k, .n = n, .group = 64, .table = table}, 2);
    const PackedWeight packed = pack(weight);
    for (const double bad : {nan_value, infinity, -infinity}) {
      auto x = random_x(m, k, DType::f16);
      store_element(x.data(), DType::f16, 2 * k + 70, bad);
      store_element(x.data(), DType::f16, 5 * k + 319, bad);
      const auto view = TensorView::matrix(x.data(), DType::f16, m, k);
      const bench::Oracle oracle = bench::make_oracle(weight, view);
      for (const Call& call :
           test::calls_for(view, packed, TensorView::matrix(nullptr, DType::f16, m, n))) {
        auto y = test::run(view, packed, DType::f16, call);
        const auto verdict =
            bench::compare(TensorView::matrix(y.data(), DType::f16, m, n), oracle.y64.data(),
                           oracle.a.data(), {.k = k, .splits = call.split, .rounding_gate = false});
        ASSERT_TRUE(verdict.ok) << bad << " " << to_string(call) << ": " << verdict.reason;
      }
    }
  }
}

TEST(LinearSpecial, NonFiniteScaleStaysInItsGroupAndColumn) {
  for (const double bad : {nan_value, infinity}) {
    for (const std::int64_t k : {256, 252}) {  // 252: the last group has padding
      QuantizedWeight weight = test::make_weight({.k = k, .n = 40, .group = 64}, 4);
      store_element(weight.scales.data(), DType::f16, 3 * 40 + 11, bad);
      const PackedWeight packed = pack(weight);
      const auto x = random_x(3, k, DType::f16);
      const auto view = TensorView::matrix(x.data(), DType::f16, 3, k);
      const bench::Oracle oracle = bench::make_oracle(weight, view);
      for (const Call& call :
           test::calls_for(view, packed, TensorView::matrix(nullptr, DType::f16, 3, 40))) {
        auto y = test::run(view, packed, DType::f16, call);
        const auto verdict =
            bench::compare(TensorView::matrix(y.data(), DType::f16, 3, 40), oracle.y64.data(),
                           oracle.a.data(), {.k = k, .splits = call.split, .rounding_gate = false});
        ASSERT_TRUE(verdict.ok) << bad << " " << to_string(call) << ": " << verdict.reason;
      }
    }
  }
}

TEST(LinearSpecial, OverflowGivesInfinity) {
  QuantizedWeight weight = test::make_weight({.k = 256, .n = 16}, 4);
  for (std::int64_t i = 0; i < weight.k; ++i) weight.set_code(i, 0, 15);
  const PackedWeight packed = pack(weight);
  std::vector<std::byte> x(256 * 2);
  for (std::int64_t i = 0; i < 256; ++i) store_element(x.data(), DType::f16, i, 60000);
  const auto view = TensorView::matrix(x.data(), DType::f16, 1, 256);
  const auto y = test::run(view, packed, DType::f16, {.kernel = ""});
  EXPECT_EQ(load_element(y.data(), DType::f16, 0), infinity);
}

TEST(LinearSpecial, AnyStridesOfXAndPositiveOnesOfY) {
  const std::int64_t k = 200;
  const std::int64_t n = 70;
  const std::int64_t m = 7;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n, .group = 8}, 6));
  const auto x = random_x(m, k, DType::bf16);
  const auto plain = TensorView::matrix(x.data(), DType::bf16, m, k);
  for (const Call& call :
       test::calls_for(plain, packed, TensorView::matrix(nullptr, DType::bf16, m, n))) {
    const auto wanted = test::run(plain, packed, DType::bf16, call);
    struct Layout {
      std::int64_t row, column, first;
    };
    for (const Layout& l : {Layout{k + 3, 1, 1}, Layout{1, m, 0}, Layout{2 * k, 2, 0},
                            Layout{-k, 1, (m - 1) * k}, Layout{k, -1, k - 1}}) {
      std::vector<std::byte> spread(static_cast<std::size_t>(2 * m * (k + 3)) * 2);
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t i = 0; i < k; ++i) {
          std::memcpy(spread.data() + 2 * (l.first + r * l.row + i * l.column),
                      x.data() + 2 * (r * k + i), 2);
        }
      }
      auto strided =
          TensorView::matrix(spread.data() + 2 * l.first, DType::bf16, m, k, l.row < 0 ? 1 : l.row);
      strided.strides = {l.row, l.column, 0, 0};
      EXPECT_EQ(test::run(strided, packed, DType::bf16, call), wanted)
          << to_string(call) << " row " << l.row;
    }
    // y: transposed, and with gaps, whose bytes stay as they were.
    for (const auto& [row, column] : {std::pair<std::int64_t, std::int64_t>{1, m}, {3 * n, 2}}) {
      test::Guarded y(static_cast<std::size_t>(m * n * 6));
      auto view = TensorView::matrix(y.data(), DType::bf16, m, n, row);
      view.strides[1] = column;
      Workspace scratch;
      LinearOptions options{.schedule = call.schedule, .split = call.split, .kernel = call.kernel};
      scratch.reserve(linear_workspace_size(plain, packed, view, options));
      options.workspace = scratch.data();
      options.workspace_bytes = scratch.size();
      linear(plain, packed, view, options);
      std::vector<bool> written(static_cast<std::size_t>(m * n * 3));
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t c = 0; c < n; ++c) {
          written[static_cast<std::size_t>(r * row + c * column)] = true;
          EXPECT_EQ(std::memcmp(y.data() + 2 * (r * row + c * column),
                                wanted.data() + 2 * (r * n + c), 2),
                    0);
        }
      }
      for (std::size_t i = 0; i < written.size(); ++i) {
        EXPECT_TRUE(written[i] || y.data()[2 * i] == std::byte{0xFF}) << "a gap was written";
      }
      EXPECT_TRUE(y.intact());
    }
  }
}

TEST(LinearSpecial, ZeroExtents) {
  const auto bias = random_x(1, 24, DType::f16);
  for (const std::int64_t k : {0, 64}) {
    for (const std::int64_t n : {0, 24}) {
      const PackedWeight packed = pack(test::make_weight({.k = k, .n = n, .group = 32}, 1));
      for (const std::int64_t m : {0, 3}) {
        const auto x = random_x(m, k, DType::f16);
        const auto view = TensorView::matrix(x.data(), DType::f16, m, k);
        for (const Call& call :
             test::calls_for(view, packed, TensorView::matrix(nullptr, DType::f16, m, n))) {
          const auto y = test::run(view, packed, DType::f16, call,
                                   TensorView::vector(bias.data(), DType::f16, n));
          for (std::int64_t i = 0; i < m * n && k == 0; ++i) {
            EXPECT_EQ(std::memcmp(y.data() + 2 * i, bias.data() + 2 * (i % n), 2), 0)
                << to_string(call);
          }
        }
      }
    }
  }
}

// Within one kernel and split, row i of many rows has the bits of that row alone, a NaN beside it
// or not.
TEST(LinearSpecial, RowsDoNotSeeEachOther) {
  const std::int64_t k = 384;
  const std::int64_t n = 80;
  const std::int64_t m = 29;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n, .group = 64}, 8));
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    auto x = random_x(m, k, dtype);
    store_element(x.data(), dtype, 4 * k + 9, nan_value);
    const auto size = static_cast<std::int64_t>(size_of(dtype));
    const auto view = TensorView::matrix(x.data(), dtype, m, k);
    for (const Call& call :
         test::calls_for(view, packed, TensorView::matrix(nullptr, dtype, m, n))) {
      if (call.schedule == Schedule::stream_k) continue;  // its cuts follow the number of tiles
      const auto all = test::run(view, packed, dtype, call);
      for (std::int64_t r = 0; r < m; ++r) {
        if (r == 4) continue;
        const auto row = TensorView::matrix(x.data() + r * k * size, dtype, 1, k);
        const auto alone = test::run(row, packed, dtype, call);
        ASSERT_EQ(std::memcmp(alone.data(), all.data() + r * n * size, alone.size()), 0)
            << to_string(call) << " row " << r;
      }
    }
  }
}

TEST(LinearSpecial, GivesTheSameBitsFromManyThreadsAtOnce) {
  const PackedWeight packed = pack(test::make_weight({.k = 512, .n = 192}, 9));
  const auto x = random_x(5, 512, DType::f16);
  const auto view = TensorView::matrix(x.data(), DType::f16, 5, 512);
  for (const Call& call :
       test::calls_for(view, packed, TensorView::matrix(nullptr, DType::f16, 5, 192))) {
    const auto wanted = test::run(view, packed, DType::f16, call);
    std::vector<std::vector<std::byte>> got(4);
    std::vector<std::thread> threads;
    for (auto& y : got) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) y = test::run(view, packed, DType::f16, call);
      });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& y : got) EXPECT_EQ(y, wanted) << to_string(call);
  }
}

}  // namespace
}  // namespace halfbyte
