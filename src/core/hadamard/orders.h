// The matrices H_q, q = 12 ... 172: made from their constructions, not copied from tables.
//
// Paley I, prime r = 3 mod 4: H = I + S of order r + 1, S bordered from the Legendre symbols.
// Paley II, prime r = 1 mod 4: H = C (x) [1 1; 1 -1] + I (x) [1 -1; -1 -1] of order 2 (r + 1), C
// the symmetric bordered matrix of the symbols. Both: R. Paley, "On orthogonal matrices", J. Math.
// Phys. 12 (1933).
// Williamson: four symmetric circulants A, B, C, D of order t with A^2 + B^2 + C^2 + D^2 = 4 t I in
// his array give order 4 t: J. Williamson, "Hadamard's determinant theorem and the sum of four
// squares", Duke Math. J. 11 (1944). The sequences are those that a search found under a symmetry:
// for 43 every sequence is constant on the cosets of {1, 6, 36}; for 13 the search was complete;
// for 39 A is constant on the cosets of {1, 16, 22}, C and D are B at multiples of 16 and of 22.
// tests/core/hadamard_orders_test.cpp proves H H^T = q I.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/hadamard/size.h"

namespace halfbyte::core {

enum class Construction : std::uint8_t { paley_one, paley_two, williamson };

struct HadamardOrder {
  int q = 0;
  Construction how = Construction::paley_one;
  int base = 0;  // the prime r, or the circulants' order t
  // The first (t + 1) / 2 signs of A, B, C, D; the rest follows by symmetry.
  std::array<std::string_view, 4> halves{};
};

inline constexpr std::array<HadamardOrder, 12> order_rows{{
    {12, Construction::paley_one, 11, {}},
    {20, Construction::paley_one, 19, {}},
    {28, Construction::paley_two, 13, {}},
    {36, Construction::paley_two, 17, {}},
    {44, Construction::paley_one, 43, {}},
    {52, Construction::williamson, 13, {"++++-+-", "++---+-", "++---+-", "+---+-+"}},
    {60, Construction::paley_one, 59, {}},
    {108, Construction::paley_one, 107, {}},
    {140, Construction::paley_one, 139, {}},
    {148, Construction::paley_two, 73, {}},
    {156,
     Construction::williamson,
     39,
     {"+---+---+-++-++----+", "+-++------++--+-+-++", "++--+++-+--++-+-----",
      "+---+--++++----+-+-+"}},
    {172,
     Construction::williamson,
     43,
     {"+++++-++----+-++--++-+", "+++---++--+-+-+-++----", "++-+-++++-+--+--+++--+",
      "+-++-----++++-+-+++-++"}},
}};

// What one construction needs to name an entry: the Legendre symbols of r, or the four circulants.
class OrderMatrix {
 public:
  constexpr explicit OrderMatrix(const HadamardOrder& order) : order_(order) {
    if (order.how != Construction::williamson) {
      for (int i = 1; i < order.base; ++i) square_[i * i % order.base] = true;
      return;
    }
    for (int which = 0; which < 4; ++which) {
      const std::string_view half = order.halves[static_cast<std::size_t>(which)];
      for (int k = 0; k < order.base; ++k) {
        const int at = k <= order.base / 2 ? k : order.base - k;
        circulant_[which][k] = half[static_cast<std::size_t>(at)] == '+' ? 1 : -1;
      }
    }
  }

  // +1 or -1 in row i and column j of H_q.
  constexpr int entry(int i, int j) const {
    switch (order_.how) {
      case Construction::paley_one:
        return i == j ? 1 : i == 0 ? 1 : j == 0 ? -1 : symbol(i - j);
      case Construction::paley_two: {
        const int core = i / 2 == j / 2 ? 0 : i / 2 == 0 || j / 2 == 0 ? 1 : symbol(i / 2 - j / 2);
        if (core == 0) return i % 2 == 0 && j % 2 == 0 ? 1 : -1;
        return i % 2 == 1 && j % 2 == 1 ? -core : core;
      }
      case Construction::williamson:
        break;
    }
    // Rows of the array: A B C D, -B A -D C, -C D A -B, -D -C B A.
    constexpr int sign[4][4] = {{1, 1, 1, 1}, {-1, 1, -1, 1}, {-1, 1, 1, -1}, {-1, -1, 1, 1}};
    const int t = order_.base;
    return sign[i / t][j / t] * circulant((i / t) ^ (j / t), j % t - i % t);
  }

 private:
  constexpr int symbol(int a) const {
    const int r = order_.base;
    return square_[(a % r + r) % r] ? 1 : -1;
  }
  constexpr int circulant(int which, int shift) const {
    return circulant_[which][shift < 0 ? shift + order_.base : shift];
  }

  HadamardOrder order_;
  // Plain arrays: compilers bound the steps of a constant, and count those of std::array's members.
  bool square_[160]{};
  int circulant_[4][43]{};
};

// Words of 32 signs in a row of H_q: bit j of a row is set where the entry is -1.
HB_HD constexpr int sign_words(int q) { return (q + 31) / 32; }
// The first word of H_q in hadamard_signs, which holds the matrices in the order of order_rows.
HB_HD constexpr int first_sign_word(int q) {
  int first = 0;
  for (const int order : hadamard_orders) {
    if (order >= q) break;
    first += order * sign_words(order);
  }
  return first;
}
inline constexpr int total_sign_words = first_sign_word(172) + 172 * sign_words(172);

// The rows of one H_q, or of its transpose; the words behind them are 0.
using OrderWords = std::array<std::uint32_t, 172 * sign_words(172)>;
constexpr OrderWords make_order_words(const HadamardOrder& order, bool transpose) {
  OrderWords words{};
  std::size_t next = 0;
  const OrderMatrix matrix(order);
  for (int i = 0; i < order.q; ++i) {
    std::uint32_t word = 0;
    for (int j = 0; j < order.q; ++j) {
      const int entry = transpose ? matrix.entry(j, i) : matrix.entry(i, j);
      if (entry < 0) word |= std::uint32_t{1} << j % 32;
      if (j % 32 < 31 && j + 1 < order.q) continue;
      words[next++] = word;
      word = 0;
    }
  }
  return words;
}
// A constant each: compilers bound the steps that one may take.
template <std::size_t row, bool transpose>
inline constexpr OrderWords order_words = make_order_words(order_rows[row], transpose);

using HadamardSigns = std::array<std::uint32_t, total_sign_words>;
template <bool transpose, std::size_t... rows>
constexpr HadamardSigns join_order_words(std::index_sequence<rows...>) {
  HadamardSigns all{};
  const auto put = [&all](const HadamardOrder& order, const OrderWords& words) {
    const auto first = static_cast<std::size_t>(first_sign_word(order.q));
    const auto count =
        static_cast<std::size_t>(order.q) * static_cast<std::size_t>(sign_words(order.q));
    for (std::size_t w = 0; w < count; ++w) all[first + w] = words[w];
  };
  (put(order_rows[rows], order_words<rows, transpose>), ...);
  return all;
}

// The rows of every H_q, or of its transpose.
template <bool transpose>
constexpr HadamardSigns make_hadamard_signs() {
  return join_order_words<transpose>(std::make_index_sequence<order_rows.size()>());
}

}  // namespace halfbyte::core
