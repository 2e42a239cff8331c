// The fragment map is that of the PTX ISA manual, whose figures are written out here.
#include "core/fragment/mma_m16n8k16.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>

namespace halfbyte::core::mma_m16n8k16 {
namespace {

// The manual's figure of A for .f16 and .bf16: rows of pairs of columns. Lanes 0 ... 31 stand four
// in a row; ai and a(i+1) are the pair's elements. Elements 2r and 2r + 1 are register r.
struct Cell {
  int lane, first_element;
};
constexpr std::array<std::array<int, 4>, 8> lanes_of_rows{{{0, 1, 2, 3},
                                                           {4, 5, 6, 7},
                                                           {8, 9, 10, 11},
                                                           {12, 13, 14, 15},
                                                           {16, 17, 18, 19},
                                                           {20, 21, 22, 23},
                                                           {24, 25, 26, 27},
                                                           {28, 29, 30, 31}}};
//                                           columns 0 ... 7   columns 8 ... 15
constexpr int first_element_of_a[2][2] = {{0, 4},   // rows 0 ... 7
                                          {2, 6}};  // rows 8 ... 15

Cell figure_of_a(int row, int column) {
  return {
      lanes_of_rows[static_cast<std::size_t>(row % 8)][static_cast<std::size_t>(column % 8 / 2)],
      first_element_of_a[row / 8][column / 8]};
}

TEST(MmaM16N8K16, HoldsAAsInTheManual) {
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 16; ++column) {
      const Cell cell = figure_of_a(row, column);
      EXPECT_EQ(a_coord(cell.lane, cell.first_element / 2, column % 2), (Coord{row, column}));
    }
  }
}

// The manual's rules for element i of B and C, with groupID = lane / 4 and threadID_in_group =
// lane % 4.
TEST(MmaM16N8K16, HoldsBAndCAsInTheManual) {
  for (int lane = 0; lane < 32; ++lane) {
    const int group_id = lane >> 2, thread_id_in_group = lane % 4;
    for (int i = 0; i < 4; ++i) {
      const int b_row =
          i < 2 ? thread_id_in_group * 2 + (i & 1) : thread_id_in_group * 2 + (i & 1) + 8;
      EXPECT_EQ(b_coord(lane, i / 2, i % 2), (Coord{b_row, group_id}));
      const int c_row = i < 2 ? group_id : group_id + 8;
      EXPECT_EQ(c_coord(lane, i), (Coord{c_row, thread_id_in_group * 2 + (i & 1)}));
    }
  }
}

TEST(MmaM16N8K16, HoldsEveryElementOnce) {
  std::set<std::pair<int, int>> a, b, c;
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 8; ++i) {
      const Coord at = a_coord(lane, i / 2, i % 2);
      EXPECT_TRUE(at.row >= 0 && at.row < 16 && at.column >= 0 && at.column < 16);
      a.emplace(at.row, at.column);
    }
    for (int i = 0; i < 4; ++i) {
      const Coord in_b = b_coord(lane, i / 2, i % 2), in_c = c_coord(lane, i);
      EXPECT_TRUE(in_b.row >= 0 && in_b.row < 16 && in_b.column >= 0 && in_b.column < 8);
      EXPECT_TRUE(in_c.row >= 0 && in_c.row < 16 && in_c.column >= 0 && in_c.column < 8);
      b.emplace(in_b.row, in_b.column);
      c.emplace(in_c.row, in_c.column);
    }
  }
  EXPECT_EQ(a.size(), 16U * 16U);
  EXPECT_EQ(b.size(), 16U * 8U);
  EXPECT_EQ(c.size(), 16U * 8U);
}

}  // namespace
}  // namespace halfbyte::core::mma_m16n8k16
