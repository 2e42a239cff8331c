// H H^T = q I for every constructed order, and the factorisation of every size.
#include <gtest/gtest.h>

#include <bit>

#include "core/hadamard/signs.h"

namespace halfbyte::core {
namespace {

TEST(HadamardOrders, RowsAreOrthogonal) {
  for (const HadamardOrder& order : order_rows) {
    for (int i = 0; i < order.q; ++i) {
      for (int j = 0; j < order.q; ++j) {
        int sum = 0;
        for (int k = 0; k < order.q; ++k) {
          sum += order_entry(order.q, i, k) * order_entry(order.q, j, k);
        }
        ASSERT_EQ(sum, i == j ? order.q : 0) << order.q << " rows " << i << ", " << j;
      }
    }
  }
}

TEST(HadamardOrders, AreSymmetricWhereDeclared) {
  for (const HadamardOrder& order : order_rows) {
    bool equal = true;
    for (int i = 0; i < order.q; ++i) {
      for (int j = 0; j < i; ++j) {
        equal &= order_entry(order.q, i, j) == order_entry(order.q, j, i);
      }
    }
    EXPECT_EQ(equal, symmetric({order.q, 0})) << order.q;
  }
}

TEST(HadamardOrders, TablesNameTheSameOrders) {
  ASSERT_EQ(order_rows.size(), std::size(hadamard_orders));
  for (std::size_t i = 0; i < order_rows.size(); ++i) {
    EXPECT_EQ(order_rows[i].q, hadamard_orders[i]);
    EXPECT_EQ(hadamard_size(order_rows[i].q), (HadamardSize{order_rows[i].q, 0}));
  }
}

TEST(HadamardOrders, UnusedBitsOfTheLastWordAreZero) {
  for (const HadamardOrder& order : order_rows) {
    const int used = order.q % 32;
    for (int i = 0; i < order.q && used != 0; ++i) {
      const int word = first_sign_word(order.q) + (i + 1) * sign_words(order.q) - 1;
      EXPECT_EQ(hadamard_signs[static_cast<std::size_t>(word)] >> used, 0U);
    }
  }
}

TEST(HadamardSizes, EverySizeHasItsOneFactorisation) {
  int sizes = 0;
  for (std::int64_t n = -1; n <= max_hadamard_size + 1; ++n) {
    const HadamardSize size = hadamard_size(n);
    int ways = std::has_single_bit(static_cast<std::uint64_t>(n)) && n <= max_hadamard_size;
    for (const int q : hadamard_orders) {
      ways += n > 0 && n <= max_hadamard_size && n % q == 0 &&
              std::has_single_bit(static_cast<std::uint64_t>(n / q));
    }
    ASSERT_EQ(size.q != 0, ways == 1) << n;
    ASSERT_LE(ways, 1) << n;
    if (size.q == 0) continue;
    ASSERT_EQ(size.n(), n);
    ++sizes;
  }
  EXPECT_EQ(sizes, 144);
  for (const std::int64_t width : {11008, 13824, 14336, 18944, 28672, 53248, 40, 80}) {
    EXPECT_NE(hadamard_size(width).q, 0) << width;
  }
}

TEST(HadamardSizes, EntriesAreTheKroneckerProduct) {
  const HadamardSize size = hadamard_size(48);
  ASSERT_EQ(size, (HadamardSize{12, 2}));
  for (int i = 0; i < 48; ++i) {
    for (int j = 0; j < 48; ++j) {
      const int low = std::popcount(static_cast<unsigned>(i & j & 3)) % 2 == 0 ? 1 : -1;
      EXPECT_EQ(hadamard_entry(size, i, j), low * order_entry(12, i / 4, j / 4));
    }
  }
}

}  // namespace
}  // namespace halfbyte::core
