// One suite for whatever runs CUDA Hadamard kernels: a GPU, or its emulation on the host. Every
// kernel that takes a case is checked against f64, element by element, and for what it may not
// write.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/hadamard/quantize.h"
#include "core/hadamard/signs.h"
#include "halfbyte/halfbyte.h"

namespace halfbyte::test {

// Where the kernels run.
struct HadamardMachine {
  virtual ~HadamardMachine() = default;
  // Runs `kernel`; false when it rejects the call. Views and options point into host memory, views
  // into these bytes: a machine with memory of its own copies all of it there and back.
  virtual bool run(const std::string& kernel, TensorView x, TensorView y, HadamardOptions options,
                   std::vector<std::byte>& x_bytes, std::vector<std::byte>& y_bytes) = 0;
  std::vector<std::string> kernels;
};

// tiny_hot: one of 2^-120, which f16 has not.
enum class Values { normal, integers, one_hot, nonfinite, tiny_hot };

struct HadamardCase {
  DType x = DType::f16;
  DType y = DType::f16;
  std::int64_t outer = 1, rows = 1, n = 8;
  int axis = 2;  // 2: rows of n; 1: columns of n, `rows` of them side by side
  std::int64_t block = 0;
  std::int64_t x_gap = 0, y_gap = 0;  // elements between rows
  std::int64_t offset = 0;            // elements before the first
  bool in_place = false, before = false, after = false, transpose = false, fast = false;
  HadamardScaling scaling = HadamardScaling::given;
  std::int64_t group = 0;
  bool amax = false;
  Values values = Values::normal;
  std::uint64_t seed = 1;
};

inline std::ostream& operator<<(std::ostream& out, const HadamardCase& c) {
  return out << name(c.x) << " to " << name(c.y) << " (" << c.outer << ", " << c.rows << ", " << c.n
             << ") axis " << c.axis << " block " << c.block << " gaps " << c.x_gap << " " << c.y_gap
             << " offset " << c.offset << (c.in_place ? " in place" : "")
             << (c.before ? " signs before" : "") << (c.after ? " signs after" : "")
             << (c.transpose ? " transposed" : "") << (c.fast ? " fast" : "") << " scaling "
             << static_cast<int>(c.scaling) << " group " << c.group << " values "
             << static_cast<int>(c.values);
}

struct HadamardTally {
  std::map<std::string, int> cases;
  double worst = 0;
};

// Bytes of y, by kernel, for comparing runs.
using HadamardOutputs = std::map<std::string, std::vector<std::byte>>;

class HadamardCheck {
 public:
  explicit HadamardCheck(const HadamardCase& c) : c_(c), random_(c.seed) {
    view(x_, c.x, c.x_gap, 1);
    view(y_, c.y, c.in_place ? c.x_gap : c.y_gap, c.y == DType::u8 ? 2 : 1);
    x_bytes_.assign(bytes_of(x_), std::byte{0xC5});
    fill();
    const float scale = c.values == Values::normal ? 1 / std::sqrt(static_cast<float>(piece())) : 1;
    scale_ = scale;
    make_expected();
  }

  // Runs every kernel of the machine that takes the case.
  HadamardOutputs run(HadamardMachine& machine, HadamardTally& tally) {
    HadamardOutputs outputs;
    for (const std::string& kernel : machine.kernels) {
      std::vector<std::byte> x = x_bytes_, y(bytes_of(y_), std::byte{0xC5});
      TensorView x_view = x_, y_view = y_;
      x_view.data = x.data() + z(c_.offset) * size_of(c_.x);
      y_view.data = y.data() + z(c_.offset) * size_of(y_.dtype);
      if (c_.in_place) y_view = x_view;
      if (!machine.run(kernel, x_view, y_view, make_options(), x, y)) continue;
      ++tally.cases[kernel];
      const std::vector<std::byte>& out = c_.in_place ? x : y;
      if (!c_.in_place) {
        EXPECT_EQ(x, x_bytes_) << kernel << " wrote to x, " << c_;
      }
      // These multiply zeros of a matrix with elements of the same piece: 0 * Inf.
      const bool has_zeros = kernel.ends_with("hadamard_order") || kernel.ends_with("_panel");
      const std::string wrong = check(out, has_zeros, tally.worst);
      EXPECT_EQ(wrong, "") << kernel << ": " << c_;
      outputs[kernel] = out;
    }
    EXPECT_FALSE(outputs.empty()) << "no kernel takes " << c_;
    return outputs;
  }

  std::int64_t piece() const { return c_.block == 0 ? c_.n : c_.block; }
  std::int64_t all_rows() const { return c_.outer * c_.rows; }

 private:
  static std::size_t z(std::int64_t i) { return static_cast<std::size_t>(i); }

  void view(TensorView& v, DType dtype, std::int64_t gap, std::int64_t per_byte) {
    v.dtype = dtype;
    v.device = {DeviceType::cuda, 0};
    v.rank = 3;
    if (c_.axis == 2) {
      v.shape = {c_.outer, c_.rows, c_.n / per_byte, 0};
    } else {
      v.shape = {c_.outer, c_.n / per_byte, c_.rows, 0};
    }
    v.strides = {v.shape[1] * (v.shape[2] + gap) + 2 * gap, v.shape[2] + gap, 1, 0};
  }
  std::size_t bytes_of(const TensorView& v) const {
    return z(c_.offset + v.shape[0] * v.strides[0] + 64) * size_of(v.dtype);
  }
  // Element e of row r, in elements from the first byte.
  std::int64_t place(const TensorView& v, std::int64_t r, std::int64_t e) const {
    const std::int64_t o = r / c_.rows, i = r % c_.rows;
    return c_.offset + o * v.strides[0] +
           (c_.axis == 2 ? i * v.strides[1] + e : e * v.strides[1] + i);
  }

  void fill() {
    std::normal_distribution<double> normal;
    // Exact in every type: n max|x| stays below 2^8.
    const auto most = static_cast<std::int64_t>(std::max<std::int64_t>(1, 200 / piece()));
    for (std::int64_t r = 0; r < all_rows(); ++r) {
      const std::int64_t hot = static_cast<std::int64_t>(random_() % z(c_.n));
      for (std::int64_t e = 0; e < c_.n; ++e) {
        double v = normal(random_);
        if (c_.values == Values::integers) {
          v = piece() <= 200
                  ? static_cast<double>(random_() % z(2 * most + 1)) - static_cast<double>(most)
                  : (random_() % z(piece() / 100) == 0 ? 1 : 0);
        }
        if (c_.values == Values::tiny_hot) v = e == hot ? -0x1p-120 : 0;
        if (c_.values == Values::one_hot) v = e == hot ? -1 : 0;
        if (c_.values == Values::nonfinite && r % 3 == 1 && e == hot) {
          v = r % 2 == 0 ? HUGE_VAL : std::nan("");
          if (r % 6 == 1) v = -HUGE_VAL;
        }
        store_element(x_bytes_.data(), c_.x, place(x_, r, e), v);
      }
    }
    for (auto* signs : {&before_, &after_}) {
      signs->resize(z(c_.n));
      for (std::int8_t& s : *signs) s = static_cast<std::int8_t>(random_() % 2 == 0 ? -1 : 1);
    }
    std::int64_t groups = 1;
    if (c_.scaling != HadamardScaling::given) {
      groups = all_rows() * (c_.scaling == HadamardScaling::per_row ? 1 : c_.n / c_.group);
    }
    const float given = c_.values == Values::normal     ? 0.02F
                        : c_.values == Values::tiny_hot ? 0x1p-124F
                                                        : 1.0F;
    scales_.assign(z(groups), given);
    scales_before_ = scales_;
  }

  HadamardOptions make_options() {
    HadamardOptions o;
    o.axis = c_.axis;
    o.block = c_.block;
    o.scale = scale_;
    o.transpose = c_.transpose;
    const Device gpu{DeviceType::cuda, 0};
    if (c_.before) o.signs_before = TensorView::vector(before_.data(), DType::i8, c_.n, gpu);
    if (c_.after) o.signs_after = TensorView::vector(after_.data(), DType::i8, c_.n, gpu);
    o.precision = c_.fast ? HadamardPrecision::fast : HadamardPrecision::one_rounding;
    scales_ = scales_before_;
    if (c_.y != c_.x) {
      o.scaling = c_.scaling;
      o.group = c_.group;
      o.scales = TensorView::vector(scales_.data(), DType::f32,
                                    static_cast<std::int64_t>(scales_.size()), gpu);
    }
    amax_ = 0;
    if (c_.amax) o.amax = TensorView::vector(&amax_, DType::f32, 1, gpu);
    return o;
  }

  void make_expected() {
    const core::HadamardSize size = core::hadamard_size(piece());
    const std::int64_t b = size.n(), low = std::int64_t{1} << size.p;
    expected_.resize(z(all_rows() * c_.n));
    magnitude_.resize(expected_.size());
    for (std::int64_t first = 0; first < all_rows() * c_.n; first += b) {
      const std::int64_t r = first / c_.n, column = first % c_.n;
      std::vector<double> v(z(b)), mixed(z(b));
      double sum = 0;
      for (std::int64_t i = 0; i < b; ++i) {
        v[z(i)] = load_element(x_bytes_.data(), c_.x, place(x_, r, column + i));
        if (c_.before && before_[z(column + i)] < 0) v[z(i)] = -v[z(i)];
        sum += std::abs(v[z(i)]);
      }
      for (std::int64_t half = 1; half < low; half *= 2) {
        for (std::int64_t i = 0; i < b; ++i) {
          if ((i & half) != 0) continue;
          const double a = v[z(i)], d = v[z(i + half)];
          v[z(i)] = a + d;
          v[z(i + half)] = a - d;
        }
      }
      for (std::int64_t i = 0; i < b; ++i) {
        double value = 0;
        for (int j = 0; j < size.q; ++j) {
          const int row = static_cast<int>(i / low);
          const int sign =
              c_.transpose ? core::order_entry(size.q, j, row) : core::order_entry(size.q, row, j);
          value += sign * v[z(j * low + i % low)];
        }
        value *= scale_;
        if (c_.after && after_[z(column + i)] < 0) value = -value;
        expected_[z(first + i)] = value;
        magnitude_[z(first + i)] = sum * scale_;
      }
    }
  }

  // How far a sum may lie from the exact one: f32 sums of log2 n steps, 18 units for each of three
  // mma, and the intermediate rounding. Relative to the sum of magnitudes.
  double sum_error(std::size_t i) const {
    const bool is_bf16 = c_.x == DType::bf16;
    double e = (3 * 18 + 40 + 172) * 0x1p-24;
    if (c_.x != DType::f32) e += is_bf16 ? 0x1p-16 : 0x1p-20;
    if (c_.fast) e += is_bf16 ? 0x1p-8 : 0x1p-11;
    return e * magnitude_[i] + (c_.x == DType::f16 ? 0x1p-24 : 0);
  }

  std::string check(const std::vector<std::byte>& out, bool has_zeros, double& worst) {
    const TensorView& v = c_.in_place ? x_ : y_;
    std::vector<bool> written(out.size());
    double squares = 0, errors = 0, largest = 0, slack = 0;
    for (std::size_t i = 0; i < expected_.size(); ++i) {
      if (std::abs(expected_[i]) > largest) largest = std::abs(expected_[i]);
      slack = std::max(slack, sum_error(i));
    }
    for (std::int64_t r = 0; r < all_rows(); ++r) {
      for (std::int64_t e = 0; e < c_.n; ++e) {
        const std::size_t i = z(r * c_.n + e);
        const double wanted = expected_[i];
        double got = 0, low = 0, high = 0;
        const std::int64_t at = place(v, r, c_.y == DType::u8 ? e / 2 : e);
        for (std::size_t b = 0; b < size_of(v.dtype); ++b) {
          written[z(at) * size_of(v.dtype) + b] = true;
        }
        if (c_.y == c_.x) {
          got = load_element(out.data(), c_.x, at);
          if (!std::isfinite(wanted)) {
            const bool may_be_nan = std::isnan(wanted) || has_zeros;
            const bool same = got == wanted || (may_be_nan && std::isnan(got));
            if (!same) return "element " + std::to_string(i) + " is " + std::to_string(got);
            continue;
          }
          const double unit = c_.x == DType::f16 ? 0x1p-11 : c_.x == DType::bf16 ? 0x1p-8 : 0x1p-24;
          double bound = unit * std::abs(wanted) + (1 + unit) * sum_error(i) + 0x1p-134;
          if (c_.values != Values::normal && c_.values != Values::nonfinite) bound = 0;
          low = wanted - bound;
          high = wanted + bound;
          if (bound > 0) worst = std::max(worst, std::abs(got - wanted) / bound);
          squares += wanted * wanted;
          errors += (got - wanted) * (got - wanted);
        } else {
          const float scale = scale_of(r, e);
          const double slip = sum_error(i) + std::abs(wanted) * 0x1p-22;
          got = value_of(out, at, e);
          low = code_of((wanted - slip) / scale);
          high = code_of((wanted + slip) / scale);
        }
        if (!(got >= low && got <= high)) {
          return "element " + std::to_string(i) + " is " + std::to_string(got) + ", wanted " +
                 std::to_string(wanted) + " in " + std::to_string(low) + " ... " +
                 std::to_string(high);
        }
      }
    }
    for (std::size_t b = 0; b < out.size(); ++b) {
      if (!written[b] && out[b] != std::byte{0xC5}) return "wrote byte " + std::to_string(b);
    }
    // One rounding: the error of a 16-bit number, whatever n is.
    if (c_.values == Values::normal && c_.y == c_.x && !c_.fast && expected_.size() >= 4000) {
      const double limit = c_.x == DType::f16 ? 2.2e-4 : c_.x == DType::bf16 ? 1.75e-3 : 1e-6;
      const double relative = std::sqrt(errors / squares);
      if (!(relative <= limit)) return "relative L2 error " + std::to_string(relative);
    }
    if (c_.amax && !(std::abs(amax_ - largest) <= slack + largest * 0x1p-22)) {
      return "amax " + std::to_string(amax_) + ", wanted " + std::to_string(largest);
    }
    return check_scales();
  }

  std::int64_t group() const {
    return c_.scaling == HadamardScaling::given
               ? 0
               : (c_.scaling == HadamardScaling::per_row ? c_.n : c_.group);
  }
  float scale_of(std::int64_t r, std::int64_t e) const {
    return group() == 0 ? scales_[0] : scales_[z((r * c_.n + e) / group())];
  }
  std::string check_scales() const {
    if (c_.y == c_.x || group() == 0) return "";
    for (std::size_t g = 0; g < scales_.size(); ++g) {
      double largest = 0, slack = 0;
      for (std::int64_t i = 0; i < group(); ++i) {
        const std::size_t at = g * z(group()) + z(i);
        largest = std::max(largest, std::abs(expected_[at]));
        slack = std::max(slack, sum_error(at));
      }
      const double wanted = core::scale_for(static_cast<float>(largest), kind());
      if (!(std::abs(scales_[g] - wanted) <= slack / core::largest_code(kind()) + wanted * 1e-6)) {
        return "scale " + std::to_string(g) + " is " + std::to_string(scales_[g]) + ", wanted " +
               std::to_string(wanted);
      }
    }
    return "";
  }

  core::CodeKind kind() const {
    using core::CodeKind;
    return c_.y == DType::e4m3   ? CodeKind::e4m3
           : c_.y == DType::e5m2 ? CodeKind::e5m2
           : c_.y == DType::i8   ? CodeKind::int8
                                 : CodeKind::int4;
  }
  // The value that a code stands for, before its scale.
  double value_of(const std::vector<std::byte>& out, std::int64_t at, std::int64_t e) const {
    const auto code = static_cast<std::uint8_t>(out[z(at)]);
    if (kind() == core::CodeKind::int8) return static_cast<std::int8_t>(code);
    if (kind() == core::CodeKind::int4) {
      const int nibble = e % 2 == 0 ? code & 15 : code >> 4;
      return nibble > 7 ? nibble - 16 : nibble;
    }
    return core::fp8_value(code, kind());
  }
  double code_of(double value) const {
    const auto v = static_cast<float>(value);
    if (kind() == core::CodeKind::int8 || kind() == core::CodeKind::int4) {
      return core::integer_code(v, kind());
    }
    return core::fp8_value(core::fp8_code(v, kind()), kind());
  }

  HadamardCase c_;
  std::mt19937_64 random_;
  TensorView x_{}, y_{};
  float scale_ = 1, amax_ = 0;
  std::vector<std::byte> x_bytes_;
  std::vector<std::int8_t> before_, after_;
  std::vector<float> scales_, scales_before_;
  std::vector<double> expected_, magnitude_;
};

}  // namespace halfbyte::test
