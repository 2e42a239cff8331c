// A piece as a panel: its shape, its places in shared memory, and H of its columns on fragments.
#include "core/hadamard/panel.h"

#include <gtest/gtest.h>

#include <set>

#include "core/fragment/mma_m16n8k16.h"
#include "core/hadamard/orders.h"
#include "core/hadamard/tile.h"

namespace halfbyte::core::hadamard {
namespace {

namespace f = mma_m16n8k16;

TEST(HadamardPanel, EveryShapeIsTheWholePiece) {
  int shapes = 0;
  for (int q = 1; q <= 172; ++q) {
    for (int p = 0; q << p <= 65536 && p <= 16; ++p) {
      const PanelShape shape = panel_of(q, p);
      if (shape.rows == 0) continue;
      ++shapes;
      EXPECT_EQ(shape.rows * 64 << shape.log2_chunks, q << p);
      EXPECT_EQ(shape.rows % q, 0);
      EXPECT_GT(shape.rows, 32);
      EXPECT_LE(shape.rows, most_panel_rows);
    }
  }
  EXPECT_GT(shapes, 100);
}

TEST(HadamardPanel, ShapesOfLanguageModels) {
  const auto is = [](int q, int p, int rows, int columns) {
    const PanelShape shape = panel_of(q, p);
    EXPECT_EQ(shape.rows, rows) << q << " 2^" << p;
    EXPECT_EQ(64 << shape.log2_chunks, columns) << q << " 2^" << p;
  };
  is(172, 6, 172, 64);                 // 11008
  is(12, 10, 96, 128);                 // 12288
  is(108, 7, 108, 128);                // 13824
  is(28, 9, 112, 128);                 // 14336
  is(148, 7, 148, 128);                // 18944
  is(28, 10, 224, 128);                // 28672
  is(52, 10, 208, 256);                // 53248
  is(1, 15, 256, 128);                 // 32768
  is(1, 16, 256, 256);                 // 65536
  EXPECT_EQ(panel_of(12, 6).rows, 0);  // 768: 12 rows
}

// 16-byte accesses are served eight lanes at a time: the units of a row, and for wgmma a unit of
// eight rows.
TEST(HadamardPanel, UnitsOfRowsAndColumnsHitAllBanks) {
  std::set<int> places;
  for (int row = 0; row < 48; ++row) {
    std::set<int> of_row;
    for (int unit = 0; unit < 8; ++unit) {
      places.insert(panel_place(row, unit));
      of_row.insert(panel_place(row, unit) % 8);
    }
    EXPECT_EQ(of_row.size(), 8U);
  }
  EXPECT_EQ(places.size(), 48U * 8);
  EXPECT_EQ(*places.rbegin(), 48 * 8 - 1);
  for (int unit = 0; unit < 8; ++unit) {
    std::set<int> of_rows;
    for (int row = 8; row < 16; ++row) of_rows.insert(panel_place(row, unit) % 8);
    EXPECT_EQ(of_rows.size(), 8U);
  }
}

// What the accumulator of tiles 2 group and 2 group + 1 holds is A, in its registers' order.
TEST(HadamardPanel, SumsOfAGroupAreTheNextOperand) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int reg = 0; reg < 4; ++reg) {
      for (int half = 0; half < 2; ++half) {
        const f::Coord a = f::a_coord(lane, reg, half);
        const int sum = 2 * reg + half;  // of the lane's eight
        const f::Coord c = f::c_coord(lane, sum % 4);
        EXPECT_EQ(a.row, c.row);
        EXPECT_EQ(a.column, c.column + 8 * (sum / 4));
      }
    }
  }
}

TEST(HadamardPanel, SignsAreThoseOfH16) {
  constexpr std::uint32_t power = 0x2C00;
  for (int lane = 0; lane < 32; ++lane) {
    const ColumnSigns signs = column_signs(power, lane);
    for (int tile = 0; tile < 2; ++tile) {
      for (int reg = 0; reg < 2; ++reg) {
        for (int half = 0; half < 2; ++half) {
          const f::Coord b = f::b_coord(lane, reg, half);
          const bool negative = bits_set(b.row & panel_column(tile, b.column)) % 2 != 0;
          EXPECT_EQ(signs.word(tile, reg) >> (16 * half) & 0xFFFFU,
                    power | (negative ? 0x8000U : 0U));
        }
      }
    }
  }
}

// Four adjacent columns of rows g and g + 8, in the order in which they are stored.
TEST(HadamardPanel, ALaneHasFourAdjacentColumns) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int tile = 0; tile < 2; ++tile) {
      for (int reg = 0; reg < 4; ++reg) {
        const f::Coord c = f::c_coord(lane, reg);
        EXPECT_EQ(c.row, lane / 4 + 8 * (reg / 2));
        EXPECT_EQ(panel_column(tile, c.column), 4 * (lane % 4) + 2 * tile + reg % 2);
      }
    }
  }
}

TEST(HadamardPanel, FourBitCodesHavePlacesOfTheirOwn) {
  std::set<int> places;
  for (int row = 0; row < 16; ++row) {
    for (int unit = 0; unit < 8; ++unit) places.insert(panel_out_place(row, unit, 4));
  }
  EXPECT_EQ(places.size(), 16U * 8);
  EXPECT_EQ(*places.rbegin(), 16 * 8 - 1);
}

// Shared memory serves 128 bytes at a time: so many lanes in turn must hit as many places.
TEST(HadamardPanel, TheWayOutHitsAllBanks) {
  for (const int bits : {16, 8}) {
    std::set<int> places;
    for (int row = 0; row < 16; ++row) {
      for (int unit = 0; unit < 8; ++unit) places.insert(panel_out_place(row, unit, bits));
    }
    EXPECT_EQ(places.size(), 16U * 8);
    EXPECT_EQ(*places.rbegin(), 16 * 8 - 1);
    const int four = bits / 2, eight = bits;  // bytes
    for (int group = 0; group < 4; ++group) {
      for (int first = 0; first < 32; first += 128 / four) {
        std::set<int> hit;
        for (int lane = first; lane < first + 128 / four; ++lane) {
          const int half_unit = 4 * group + lane % 4;
          const int place = panel_out_place(lane / 4, half_unit / 2, bits);
          hit.insert((2 * place + half_unit % 2) * four % 128);
        }
        EXPECT_EQ(hit.size(), 128U / static_cast<unsigned>(four)) << bits;
      }
    }
    for (int first = 0; first < 32; first += 128 / eight) {
      std::set<int> hit;
      for (int lane = first; lane < first + 128 / eight; ++lane) {
        hit.insert(panel_out_place(lane / 8, lane % 8, bits) * eight % 128);
      }
      EXPECT_EQ(hit.size(), 128U / static_cast<unsigned>(eight)) << bits;
    }
  }
}

}  // namespace
}  // namespace halfbyte::core::hadamard
