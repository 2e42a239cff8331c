// NaN and Inf stay in their rows and columns; strides, zero extents, repeated and concurrent calls.
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/reference.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::Operand;
using test::random_operand;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

class LinearSpecial : public test::OnDevice {
 protected:
  // Every call against the reference, NaN and Inf in the same places.
  void expect_contained(const QuantizedWeight& weight, const Operand& x, double bad,
                        int least_calls = 2) {
    const PackedWeight packed = pack(weight, device);
    const std::int64_t m = x.host().shape[0];
    test::References references(weight, x.host());
    test::Tally tally;
    for (const Call& call :
         test::calls_for(x.view(), packed, test::unplaced(packed, m, DType::f16))) {
      const auto y = test::run(x.view(), packed, DType::f16, call);
      ASSERT_TRUE(references.check(y, DType::f16, call, false, tally)) << bad;
    }
    EXPECT_GE(tally.cases, least_calls);
  }
};

TEST_F(LinearSpecial, NonFiniteXStaysInItsRow) {
  const std::int64_t k = 320, n = 40, m = 8;
  for (const bool table : {false, true}) {
    const QuantizedWeight weight =
        test::make_weight({.k = k, .n = n, .group = 64, .table = table}, 2);
    for (const double bad : {nan_value, infinity, -infinity}) {
      Operand x = random_operand(device, DType::f16, m, k);
      x.set(2, 70, bad);
      x.set(5, 319, bad);
      x.upload();
      expect_contained(weight, x, bad);
    }
  }
}

TEST_F(LinearSpecial, NonFiniteScaleStaysInItsGroupAndColumn) {
  for (const double bad : {nan_value, infinity}) {
    // CUDA has one kernel with one tile for it (docs/design/0004, scales on the sums).
    const int least_calls = device.type == DeviceType::cuda && bad == infinity ? 1 : 2;
    for (const std::int64_t k : {256, 252}) {  // 252: the last group has padding
      QuantizedWeight weight = test::make_weight({.k = k, .n = 40, .group = 64}, 4);
      store_element(weight.scales.data(), DType::f16, 3 * 40 + 11, bad);
      expect_contained(weight, random_operand(device, DType::f16, 3, k), bad, least_calls);
    }
  }
}

TEST_F(LinearSpecial, OverflowGivesInfinity) {
  QuantizedWeight weight = test::make_weight({.k = 256, .n = 16}, 4);
  for (std::int64_t i = 0; i < weight.k; ++i) weight.set_code(i, 0, 15);
  const Operand x(device, DType::f16, 1, 256, [](std::int64_t, std::int64_t) { return 60000.0; });
  const auto y = test::run(x.view(), pack(weight, device), DType::f16);
  EXPECT_EQ(load_element(y.data(), DType::f16, 0), infinity);
}

// x in other layouts gives each kernel that takes them the bits of plain rows.
TEST_F(LinearSpecial, AnyStridesOfX) {
  const std::int64_t k = 200, n = 70, m = 7;
  struct Layout {
    std::int64_t row, column, first;
  };
  for (const std::int64_t group : {8, 32}) {
    const PackedWeight packed =
        pack(test::make_weight({.k = k, .n = n, .group = group}, 6), device);
    const Operand x = random_operand(device, DType::bf16, m, k);
    const TensorView y = test::unplaced(packed, m, DType::bf16);
    int compared = 0;
    for (const Layout& l :
         {Layout{k + 3, 1, 1}, Layout{k + 8, 1, 8}, Layout{1, m, 0}, Layout{2 * k, 2, 0},
          Layout{-k, 1, (m - 1) * k}, Layout{k, -1, k - 1}}) {
      std::vector<std::byte> spread(static_cast<std::size_t>(2 * m * (k + 8)) * 2, std::byte{0xFF});
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t i = 0; i < k; ++i) {
          std::memcpy(spread.data() + 2 * (l.first + r * l.row + i * l.column),
                      x.bytes().data() + 2 * (r * k + i), 2);
        }
      }
      DeviceMemory memory(device, spread.size());
      copy_memory(memory.data(), device, spread.data(), {}, spread.size());
      TensorView strided = x.view();
      strided.data = static_cast<std::byte*>(memory.data()) + 2 * l.first;
      strided.strides = {l.row, l.column, 0, 0};
      for (const Call& call : test::calls_for(strided, packed, y)) {
        if (!call.same_bits_every_time()) continue;
        EXPECT_EQ(test::run(strided, packed, DType::bf16, call),
                  test::run(x.view(), packed, DType::bf16, call))
            << to_string(call) << " row " << l.row << " column " << l.column;
        ++compared;
      }
    }
    EXPECT_GE(compared, 6);
  }
}

// y transposed, with gaps, and unaligned: the bytes between its elements stay as they were.
TEST_F(LinearSpecial, PositiveStridesOfY) {
  const std::int64_t k = 256, n = 70, m = 7;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n}, 6), device);
  const Operand x = random_operand(device, DType::bf16, m, k);
  struct Layout {
    std::int64_t row, column, first;
  };
  for (const Call& call :
       test::calls_for(x.view(), packed, test::unplaced(packed, m, DType::bf16))) {
    if (!call.same_bits_every_time()) continue;
    const auto dense = test::run(x.view(), packed, DType::bf16, call);
    for (const Layout& l : {Layout{1, m, 0}, Layout{3 * n, 2, 0}, Layout{n + 3, 1, 1}}) {
      const test::GuardedMemory y(device, static_cast<std::size_t>(m * n * 6));
      auto view = TensorView::matrix(y.data() + 2 * l.first, DType::bf16, m, n, l.row, device);
      view.strides[1] = l.column;
      LinearOptions options = call.options();
      const test::GuardedMemory scratch(device,
                                        linear_workspace_size(x.view(), packed, view, options));
      options.workspace = scratch.data();
      options.workspace_bytes = scratch.size();
      linear(x.view(), packed, view, options);
      synchronize(device);
      std::vector<std::byte> wanted(y.size(), std::byte{0xFF});
      for (std::int64_t r = 0; r < m; ++r) {
        for (std::int64_t c = 0; c < n; ++c) {
          const std::int64_t at = l.first + r * l.row + c * l.column;
          std::memcpy(&wanted[static_cast<std::size_t>(2 * at)],
                      &dense[static_cast<std::size_t>(2 * (r * n + c))], 2);
        }
      }
      EXPECT_EQ(y.read(), wanted) << to_string(call) << " row " << l.row;
    }
  }
}

TEST_F(LinearSpecial, ZeroExtents) {
  const Operand bias = random_operand(device, DType::f16, 1, 24);
  for (const std::int64_t k : {0, 64}) {
    for (const std::int64_t n : {0, 24}) {
      const PackedWeight packed = pack(test::make_weight({.k = k, .n = n, .group = 32}, 1), device);
      for (const std::int64_t m : {0, 3}) {
        const Operand x = random_operand(device, DType::f16, m, k);
        const auto row = TensorView::vector(bias.row().data, DType::f16, n, device);
        for (const Call& call :
             test::calls_for(x.view(), packed, test::unplaced(packed, m, DType::f16))) {
          const auto y = test::run(x.view(), packed, DType::f16, call, row);
          for (std::int64_t i = 0; i < m * n && k == 0; ++i) {
            EXPECT_EQ(std::memcmp(y.data() + 2 * i, bias.bytes().data() + 2 * (i % n), 2), 0)
                << to_string(call);
          }
        }
      }
    }
  }
}

// Within one kernel, tile and split, row i of many rows has the bits of that row alone, a NaN
// beside it or not.
TEST_F(LinearSpecial, RowsDoNotSeeEachOther) {
  const std::int64_t k = 384, n = 80, m = 29;
  const PackedWeight packed = pack(test::make_weight({.k = k, .n = n, .group = 64}, 8), device);
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    Operand x = random_operand(device, dtype, m, k);
    x.set(4, 9, nan_value);
    x.upload();
    for (const Call& call : test::calls_for(x.view(), packed, test::unplaced(packed, m, dtype))) {
      // Stream-K's cuts follow the number of tiles.
      if (call.division.schedule == Schedule::stream_k || !call.same_bits_every_time()) continue;
      const auto all = test::run(x.view(), packed, dtype, call);
      const auto row_bytes = static_cast<std::ptrdiff_t>(all.size()) / m;
      for (std::int64_t r = 0; r < m; r += r == 3 ? 2 : 1) {
        TensorView row = x.view();
        row.data =
            static_cast<std::byte*>(row.data) + r * k * static_cast<std::int64_t>(size_of(dtype));
        row.shape[0] = 1;
        const auto alone = test::run(row, packed, dtype, call);
        ASSERT_EQ(std::memcmp(alone.data(), all.data() + r * row_bytes, alone.size()), 0)
            << to_string(call) << " row " << r;
      }
    }
  }
}

TEST_F(LinearSpecial, GivesTheSameBitsFromManyThreadsAtOnce) {
  const PackedWeight packed = pack(test::make_weight({.k = 512, .n = 192}, 9), device);
  const Operand x = random_operand(device, DType::f16, 5, 512);
  for (const Call& call :
       test::calls_for(x.view(), packed, test::unplaced(packed, 5, DType::f16))) {
    if (!call.same_bits_every_time()) continue;
    const auto wanted = test::run(x.view(), packed, DType::f16, call);
    std::vector<std::vector<std::byte>> got(4);
    std::vector<std::thread> threads;
    for (auto& y : got) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) y = test::run(x.view(), packed, DType::f16, call);
      });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& y : got) EXPECT_EQ(y, wanted) << to_string(call);
  }
}

}  // namespace
}  // namespace halfbyte
