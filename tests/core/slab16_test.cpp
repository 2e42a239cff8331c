// The layout slab16: every code has a place of its own, and the words of a lane are what
// mma.m16n8k16 wants of it.
#include "core/layout/slab16.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "core/fragment/mma_m16n8k16.h"

namespace halfbyte::core::slab16 {
namespace {

// The place as the number of a field of `code_bits` bits.
std::int64_t field_of(const CodePlace& place, int code_bits) {
  return place.byte * (8 / code_bits) + place.shift / 4;
}

// Every element of (positions, n), padding included, lies in a field of its own within the size
// that is allocated, and element_of finds it there.
void expect_bijection(std::int64_t positions, std::int64_t n, int code_bits) {
  const std::int64_t block_count = blocks(positions);
  const std::int64_t fields = code_bytes(positions, n, code_bits) * 8 / code_bits;
  ASSERT_EQ(fields, block_count * block_k * padded_n(n));
  std::vector<bool> taken(static_cast<std::size_t>(fields));
  for (std::int64_t column = 0; column < padded_n(n); ++column) {
    for (std::int64_t position = 0; position < block_count * block_k; ++position) {
      const CodePlace place = code_place(position, column, block_count, code_bits);
      ASSERT_TRUE(place.shift == 0 || (code_bits == 4 && place.shift == 4));
      const std::int64_t field = field_of(place, code_bits);
      ASSERT_GE(field, 0);
      ASSERT_LT(field, fields);
      ASSERT_FALSE(taken[static_cast<std::size_t>(field)]) << "two codes in one place";
      taken[static_cast<std::size_t>(field)] = true;
      const std::int64_t word = field / codes_per_word(code_bits);
      const int i = static_cast<int>(field % codes_per_word(code_bits));
      ASSERT_EQ(element_of(word, i, block_count, code_bits), (Element{position, column}));
    }
  }
}

TEST(Slab16, GivesEveryCodeItsOwnPlace) {
  int shapes = 0;
  for (const int code_bits : {4, 8}) {
    for (std::int64_t block_count = 0; block_count <= 24; ++block_count) {
      for (std::int64_t rows = 0; rows <= 5; ++rows, ++shapes) {
        expect_bijection(block_count * block_k, rows * row_columns, code_bits);
        if (HasFatalFailure()) return;
      }
    }
  }
  RecordProperty("shapes", shapes);
}

// A shape that is no multiple of anything has the layout of the next multiple, and no less memory
// than its last code needs.
TEST(Slab16, PadsEveryShapeToWholeBlocks) {
  int shapes = 0;
  for (const int code_bits : {4, 8}) {
    for (std::int64_t positions = 1; positions <= 300; positions += positions < 140 ? 1 : 37) {
      for (std::int64_t n = 1; n <= 200; ++n, ++shapes) {
        ASSERT_GE(padded_n(n), n);
        ASSERT_LT(padded_n(n), n + row_columns);
        ASSERT_EQ(padded_n(n) % row_columns, 0);
        ASSERT_GE(blocks(positions) * block_k, positions);
        ASSERT_LT(blocks(positions) * block_k, positions + block_k);
        const std::int64_t bytes = code_bytes(positions, n, code_bits);
        ASSERT_EQ(bytes, blocks(positions) * block_k * padded_n(n) * code_bits / 8);
        ASSERT_EQ(bytes % (lanes * vector_bytes), 0);
        for (const std::int64_t column : {std::int64_t{0}, n - 1}) {
          ASSERT_LT(code_place(positions - 1, column, blocks(positions), code_bits).byte, bytes);
        }
      }
    }
  }
  RecordProperty("shapes", shapes);
  EXPECT_GT(shapes, 5000);
}

TEST(Slab16, StandsSizesBeyondThirtyTwoBits) {
  const std::int64_t positions = (std::int64_t{1} << 22) - 3, n = (std::int64_t{1} << 14) - 5;
  std::mt19937_64 random(1);
  for (const int code_bits : {4, 8}) {
    const std::int64_t bytes = code_bytes(positions, n, code_bits);
    EXPECT_GT(bytes, std::int64_t{1} << 34);
    for (int i = 0; i < 100000; ++i) {
      const auto position =
          i == 0 ? positions - 1 : static_cast<std::int64_t>(random() % positions);
      const auto column = i == 0 ? n - 1 : static_cast<std::int64_t>(random() % n);
      const CodePlace place = code_place(position, column, blocks(positions), code_bits);
      ASSERT_GE(place.byte, 0);
      ASSERT_LT(place.byte, bytes);
      const std::int64_t field = field_of(place, code_bits);
      ASSERT_EQ(element_of(field / codes_per_word(code_bits),
                           static_cast<int>(field % codes_per_word(code_bits)), blocks(positions),
                           code_bits),
                (Element{position, column}));
    }
  }
}

// The k position that a row of the B operand stands for in a matrix step: lane 4 g + t reads x of
// token g at 32 h + 8 t as 16 bytes and hands numbers 4 u + {0, 1} of them to step 2 h + u as
// register 0, numbers 4 u + {2, 3} as register 1.
std::array<std::array<int, 16>, 4> positions_of_b() {
  std::array<std::array<int, 16>, 4> positions{};
  for (auto& row : positions) row.fill(-1);
  for (int lane = 0; lane < 32; ++lane) {
    for (int step = 0; step < 4; ++step) {
      for (int reg = 0; reg < 2; ++reg) {
        for (int half = 0; half < 2; ++half) {
          const int h = step / 2, u = step % 2, t = lane % 4;
          const int position = 32 * h + 8 * t + 4 * u + 2 * reg + half;
          const auto at = mma_m16n8k16::b_coord(lane, reg, half);
          EXPECT_EQ(at.column, lane / 4) << "a column of B is a token";
          int& known = positions[static_cast<std::size_t>(step)][static_cast<std::size_t>(at.row)];
          EXPECT_TRUE(known == -1 || known == position) << "tokens disagree about k";
          known = position;
        }
      }
    }
  }
  return positions;
}

// The code that a lane has as half `half` of A register `reg` in matrix step `step` of a block: a
// nibble of one word (4 bits), a byte of two (8 bits).
Element element_of_register(int lane, int step, int reg, int half, int code_bits) {
  if (code_bits == 4) return element_of(lane * 4 + step, reg + 4 * half, 1, 4);
  const int byte = step / 2 * 512 + lane * 16 + step % 2 * 8 + 2 * reg + half;
  return element_of(byte / 4, byte % 4, 1, 8);
}

TEST(Slab16, FeedsTheMatrixInstructionTheSameKAsX) {
  const auto b = positions_of_b();
  std::vector<int> seen(64);
  for (const auto& step : b) {
    for (const int position : step) ++seen.at(static_cast<std::size_t>(position));
  }
  for (const int times : seen) EXPECT_EQ(times, 1) << "a block has every position once";

  for (const int code_bits : {4, 8}) {
    for (int lane = 0; lane < 32; ++lane) {
      for (int step = 0; step < 4; ++step) {
        for (int reg = 0; reg < 4; ++reg) {
          for (int half = 0; half < 2; ++half) {
            const auto a = mma_m16n8k16::a_coord(lane, reg, half);
            const Element element = element_of_register(lane, step, reg, half, code_bits);
            ASSERT_EQ(element.column, a.row) << "a column of W is a row of A";
            ASSERT_EQ(element.position,
                      b[static_cast<std::size_t>(step)][static_cast<std::size_t>(a.column)])
                << "lane " << lane << " step " << step << " register " << reg << " half " << half;
          }
        }
      }
    }
  }
}

// Both halves of a 4-bit register lie 16 bits apart in one word, as the conversion by bit pattern
// takes them.
TEST(Slab16, KeepsTheHalvesOfARegisterSixteenBitsApart) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int step = 0; step < 4; ++step) {
      for (int reg = 0; reg < 4; ++reg) {
        const Element low = element_of_register(lane, step, reg, 0, 4);
        const Element high = element_of_register(lane, step, reg, 1, 4);
        const CodePlace a = code_place(low.position, low.column, 1, 4);
        const CodePlace b = code_place(high.position, high.column, 1, 4);
        ASSERT_EQ(a.byte / 4, b.byte / 4);
        ASSERT_EQ(b.byte % 4 * 8 + b.shift - (a.byte % 4 * 8 + a.shift), 16);
      }
    }
  }
}

TEST(Slab16, GivesEveryScaleItsOwnPlace) {
  int shapes = 0;
  for (std::int64_t rows = 0; rows <= 40; ++rows) {
    for (std::int64_t n = 1; n <= 400; n += 57, ++shapes) {
      std::vector<bool> taken(static_cast<std::size_t>(rows * padded_n(n)));
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < padded_n(n); ++column) {
          const std::int64_t place = scale_place(row, column, rows);
          // Within the 64 entries of this row and these 64 columns.
          ASSERT_EQ(place / row_columns, column / row_columns * rows + row);
          ASSERT_LT(place, static_cast<std::int64_t>(taken.size()));
          ASSERT_FALSE(taken[static_cast<std::size_t>(place)]);
          taken[static_cast<std::size_t>(place)] = true;
        }
      }
    }
  }
  RecordProperty("shapes", shapes);
}

// Lane group g finds the scales of the 8 columns whose rows of A it holds side by side: slab by
// slab, register parity (columns g and g + 8) within a slab.
TEST(Slab16, PutsTheScalesOfALaneSideBySide) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int slab = 0; slab < 4; ++slab) {
      for (int reg = 0; reg < 4; ++reg) {
        const int column = slab * 16 + mma_m16n8k16::a_coord(lane, reg, 0).row;
        EXPECT_EQ(scale_place(0, column, 1), lane / 4 * 8 + slab * 2 + reg % 2);
      }
    }
  }
}

TEST(Slab16, CutsRowsOfScalesFromSegments) {
  for (int shift = 0; shift <= 12; ++shift) {
    for (std::int64_t position = 0; position < 20000; ++position) {
      ASSERT_EQ(scale_row(position, shift), position / (segment_k << shift));
    }
  }
}

TEST(Slab16, ExamplesOfTheDocument) {  // docs/formats.md
  EXPECT_EQ(code_place(77, 18, 2, 4), (CodePlace{2710, 0}));
  EXPECT_EQ(code_place(77, 18, 2, 8), (CodePlace{5273, 0}));
  EXPECT_EQ(scale_place(1, 77, 3), 297);
}

}  // namespace
}  // namespace halfbyte::core::slab16
