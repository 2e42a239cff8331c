// Steps, axes, tails, in place, signs: what a view may look like, every kernel bit by bit against a
// plain copy of the same rows.
#include <gtest/gtest.h>

#include <algorithm>

#include <cstring>

#include "tests/support/hadamard.h"

namespace halfbyte {
namespace {

using test::Numbers;

struct Layout {
  std::vector<std::int64_t> shape, strides;
};

TensorView view(void* data, DType dtype, const Layout& layout) {
  TensorView t{.data = data, .dtype = dtype, .rank = static_cast<int>(layout.shape.size())};
  std::copy(layout.shape.begin(), layout.shape.end(), t.shape.begin());
  std::copy(layout.strides.begin(), layout.strides.end(), t.strides.begin());
  return t;
}

std::int64_t reach(const Layout& layout) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < layout.shape.size(); ++i) {
    last += (layout.shape[i] - 1) * layout.strides[i];
  }
  return last + 1;
}

// Calls f(place in memory) for every element, the axis innermost and the others in order.
template <class F>
void for_each(const Layout& layout, int axis, const F& f) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < layout.shape.size(); ++i) {
    if (i != static_cast<std::size_t>(axis)) order.push_back(i);
  }
  order.push_back(static_cast<std::size_t>(axis));
  std::int64_t total = 1;
  for (const std::int64_t extent : layout.shape) total *= extent;
  for (std::int64_t i = 0; i < total; ++i) {
    std::int64_t rest = i, place = 0;
    for (std::size_t k = order.size(); k-- > 0;) {
      place += rest % layout.shape[order[k]] * layout.strides[order[k]];
      rest /= layout.shape[order[k]];
    }
    f(place);
  }
}

// The same rows, dense, give the same bits: elements of integers, so that every kernel is exact.
void expect_as_dense(const Layout& from, const Layout& to, int axis, DType dtype,
                     HadamardOptions options = {}) {
  const std::int64_t n = from.shape[static_cast<std::size_t>(axis)];
  const Numbers x = test::random_integers(dtype, reach(from), 3, 6);
  Numbers packed(dtype, 0);
  for_each(from, axis, [&](std::int64_t place) {
    const auto* element = x.bytes.data() + place * static_cast<std::int64_t>(size_of(dtype));
    packed.bytes.insert(packed.bytes.end(), element, element + size_of(dtype));
  });
  const std::int64_t rows = n == 0 ? 0 : packed.size() / n;
  Numbers wanted(dtype, packed.size());
  options.scale = 0.25F;
  options.kernel = "cpu/hadamard_reference";
  hadamard(TensorView::matrix(packed.bytes.data(), dtype, rows, n),
           TensorView::matrix(wanted.bytes.data(), dtype, rows, n), options);

  test::Guarded y(static_cast<std::size_t>(reach(to)) * size_of(dtype));
  const TensorView x_view = view(const_cast<std::byte*>(x.bytes.data()), dtype, from);
  const TensorView y_view = view(y.data(), dtype, to);
  options.axis = axis;
  options.kernel = {};
  for (const std::string& kernel : test::kernels_for(x_view, y_view, options)) {
    std::memset(y.data(), 0xFF, y.size());
    options.kernel = kernel;
    hadamard(x_view, y_view, options);
    EXPECT_TRUE(y.intact()) << kernel;
    std::vector<bool> written(static_cast<std::size_t>(reach(to)));
    std::int64_t i = 0;
    for_each(to, axis, [&](std::int64_t place) {
      ASSERT_EQ(load_element(y.data(), dtype, place), wanted.at(i)) << kernel << " element " << i;
      written[static_cast<std::size_t>(place)] = true;
      ++i;
    });
    for (std::size_t place = 0; place < written.size(); ++place) {
      for (std::size_t byte = 0; byte < size_of(dtype) && !written[place]; ++byte) {
        ASSERT_EQ(y.data()[place * size_of(dtype) + byte], std::byte{0xFF})
            << kernel << " wrote between elements";
      }
    }
  }
}

Layout dense(std::vector<std::int64_t> shape) {
  Layout layout{shape, shape};
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    layout.strides[i] = step;
    step *= shape[i];
  }
  return layout;
}

TEST(HadamardViews, EveryCountOfRows) {
  for (const std::int64_t n : {1, 2, 4, 8, 12, 16, 20, 32, 64, 96, 128, 172, 256, 1024, 4096}) {
    for (std::int64_t rows = 1; rows <= 17; ++rows) {
      expect_as_dense(dense({rows, n}), dense({rows, n}), 1, DType::f16);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(HadamardViews, RowsApart) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    for (const std::int64_t n : {1, 2, 4, 8, 12, 64, 128, 160, 512, 2048}) {
      for (const std::int64_t gap : {1, 7, 8, 64}) {
        const Layout apart{{5, n}, {n + gap, 1}};
        expect_as_dense(apart, dense({5, n}), 1, dtype);
        expect_as_dense(dense({5, n}), apart, 1, dtype);
        expect_as_dense(apart, Layout{{5, n}, {n + 2 * gap, 1}}, 1, dtype);
      }
    }
  }
}

TEST(HadamardViews, ElementsApartAndRepeated) {
  const Layout twice{{3, 128}, {256, 2}};
  expect_as_dense(twice, dense({3, 128}), 1, DType::f16);
  expect_as_dense(dense({3, 128}), twice, 1, DType::f16);
  expect_as_dense(Layout{{4, 64}, {0, 1}}, dense({4, 64}), 1, DType::f16);
  expect_as_dense(dense({1, 4096}), Layout{{1, 4096}, {1, 3}}, 1, DType::f32);
  expect_as_dense(Layout{{2, 65536}, {1, 2}}, dense({2, 65536}), 1, DType::f32);
}

TEST(HadamardViews, EveryAxis) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    for (const std::int64_t n : {1, 2, 12, 28, 32, 128, 144, 1024}) {
      for (const std::int64_t inner : {1, 3, 8, 16, 19, 64}) {
        expect_as_dense(dense({n, inner}), dense({n, inner}), 0, dtype);
        expect_as_dense(dense({3, n, inner}), dense({3, n, inner}), 1, dtype);
        if (HasFatalFailure()) return;
      }
      expect_as_dense(dense({n, 2, 5}), dense({n, 2, 5}), 0, dtype);
      expect_as_dense(dense({2, 5, n}), Layout{{2, 5, n}, {5 * n + 17, n + 3, 1}}, 2, dtype);
    }
  }
  expect_as_dense(dense({512}), dense({512}), 0, DType::f16);
}

TEST(HadamardViews, SignsBeforeAndAfter) {
  for (const std::int64_t n : {2, 8, 12, 48, 128, 1024, 2048}) {
    std::vector<std::int8_t> before(static_cast<std::size_t>(n)), after(before);
    for (std::size_t i = 0; i < before.size(); ++i) {
      before[i] = i % 3 == 0 ? -1 : 1;
      after[i] = i * i % 7 < 3 ? -128 : 0;  // any negative value, any other
    }
    HadamardOptions options;
    options.signs_before = TensorView::vector(before.data(), DType::i8, n);
    expect_as_dense(dense({5, n}), dense({5, n}), 1, DType::f16, options);
    options.signs_after = TensorView::vector(after.data(), DType::i8, n);
    expect_as_dense(dense({5, n}), dense({5, n}), 1, DType::f32, options);
    expect_as_dense(dense({n, 9}), dense({n, 9}), 0, DType::f16, options);
    options.signs_before = {};
    options.block = n / 2;
    if (has_hadamard(n / 2)) expect_as_dense(dense({5, n}), dense({5, n}), 1, DType::f16, options);
  }
}

// y_i = after_i sum_j H_ij before_j x_j, from the definition.
TEST(HadamardViews, SignsMeanWhatTheHeaderSays) {
  constexpr std::int64_t n = 12;
  std::vector<std::int8_t> before{1, -1, 1, 1, -1, 1, -1, -1, 1, 1, 1, -1}, after(before);
  std::reverse(after.begin(), after.end());
  const Numbers x = test::random_integers(DType::f32, n, 9, 2);
  Numbers y(DType::f32, n);
  hadamard(TensorView::vector(x.bytes.data(), DType::f32, n),
           TensorView::vector(y.bytes.data(), DType::f32, n),
           {.scale = 1.0F,
            .signs_before = TensorView::vector(before.data(), DType::i8, n),
            .signs_after = TensorView::vector(after.data(), DType::i8, n)});
  for (std::int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      sum += hadamard_sign(n, i, j) * before[static_cast<std::size_t>(j)] * x.at(j);
    }
    EXPECT_EQ(y.at(i), after[static_cast<std::size_t>(i)] * sum);
  }
}

TEST(HadamardViews, InPlaceGivesTheSameBits) {
  for (const std::int64_t n : {1, 4, 8, 24, 64, 172, 512, 4096, 14336}) {
    const Numbers x = test::random_reals(DType::f16, 7 * n, 3);
    const auto from = TensorView::matrix(x.bytes.data(), x.dtype, 7, n);
    Numbers apart(x.dtype, x.size());
    const auto to = TensorView::matrix(apart.bytes.data(), x.dtype, 7, n);
    for (const std::string& kernel : test::kernels_for(from, to, {})) {
      hadamard(from, to, {.kernel = kernel});
      Numbers place = x;
      const auto both = TensorView::matrix(place.bytes.data(), x.dtype, 7, n);
      hadamard(both, both, {.kernel = kernel});
      EXPECT_EQ(place.bytes, apart.bytes) << kernel << " n " << n;
    }
  }
  // Along another axis, and apart from what lies between.
  Numbers x = test::random_reals(DType::f16, 64 * 24, 3), apart(DType::f16, 64 * 24);
  hadamard(TensorView::matrix(x.bytes.data(), x.dtype, 64, 24),
           TensorView::matrix(apart.bytes.data(), x.dtype, 64, 24), {.axis = 0});
  const auto both = TensorView::matrix(x.bytes.data(), x.dtype, 64, 24);
  hadamard(both, both, {.axis = 0});
  EXPECT_EQ(x.bytes, apart.bytes);
}

TEST(HadamardViews, AnyAlignmentOfAnElement) {
  for (const std::int64_t n : {8, 64, 1024}) {
    for (const std::int64_t shift : {1, 3, 8}) {
      const Numbers x = test::random_reals(DType::f16, 4 * n + shift, 3);
      Numbers y(DType::f16, 4 * n + shift), aligned(DType::f16, 4 * n), copy(DType::f16, 4 * n);
      std::memcpy(copy.bytes.data(), x.bytes.data() + shift * 2, copy.bytes.size());
      hadamard(TensorView::matrix(x.bytes.data() + shift * 2, x.dtype, 4, n),
               TensorView::matrix(y.bytes.data() + shift * 2, x.dtype, 4, n));
      hadamard(TensorView::matrix(copy.bytes.data(), x.dtype, 4, n),
               TensorView::matrix(aligned.bytes.data(), x.dtype, 4, n));
      EXPECT_EQ(std::memcmp(y.bytes.data() + shift * 2, aligned.bytes.data(), aligned.bytes.size()),
                0);
    }
  }
}

TEST(HadamardViews, NothingIsDoneWithoutElements) {
  test::Guarded y(16);
  for (const auto& [rows, n] : {std::pair{0, 64}, std::pair{3, 0}, std::pair{0, 0}}) {
    hadamard(TensorView::matrix(nullptr, DType::f16, rows, n),
             TensorView::matrix(y.data(), DType::f16, rows, n));
    EXPECT_FALSE(plan_hadamard(TensorView::matrix(nullptr, DType::f16, rows, n),
                               TensorView::matrix(nullptr, DType::f16, rows, n))
                     .kernel.empty());
  }
  EXPECT_TRUE(y.untouched());
}

}  // namespace
}  // namespace halfbyte
