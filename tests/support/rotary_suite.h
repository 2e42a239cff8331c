// One suite for whatever runs rotary_hadamard(): the CPU, a GPU, or its emulation on the host.
// Every kernel that takes a case is checked against f64, element by element, and for what it may
// not write.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "core/hadamard/quantize.h"
#include "halfbyte/halfbyte.h"
#include "tests/support/hadamard.h"

namespace halfbyte::test {

struct RotaryCall {
  TensorView x, y;
  Rotary rotary;
  HadamardOptions options;
};

// Where the kernels run.
struct RotaryMachine {
  virtual ~RotaryMachine() = default;
  // Runs `kernel`; false when it rejects the call. All views point into host memory, x and y into
  // these bytes: a machine with memory of its own copies it there and back.
  virtual bool run(const std::string& kernel, RotaryCall call, std::vector<std::byte>& x_bytes,
                   std::vector<std::byte>& y_bytes) = 0;
  Device device{};
  std::vector<std::string> kernels;
};

enum class RotaryValues { normal, nonfinite, outside };  // outside: positions beyond the tables

struct RotaryCase {
  DType x = DType::f16, y = DType::f16;
  std::int64_t tokens = 3, heads = 5, head_dim = 128;
  std::int64_t rotary_dim = -1;  // -1: head_dim
  std::int64_t block = 0;
  RotaryPairs pairs = RotaryPairs::halves;
  DType positions = DType::i32;         // f32: none are given
  std::int64_t x_gap = 0, y_gap = 0;    // elements between heads, and twice as many between tokens
  std::int64_t x_step = 1, y_step = 1;  // from element to element
  std::int64_t offset = 0;              // elements before the first
  std::int64_t table_gap = 0;           // between rows of cos and sin
  bool in_place = false, before = false, after = false, per_row = false, amax = false;
  RotaryValues values = RotaryValues::normal;
  unsigned seed = 1;
};

inline std::ostream& operator<<(std::ostream& out, const RotaryCase& c) {
  return out << name(c.x) << " to " << name(c.y) << " (" << c.tokens << ", " << c.heads << ", "
             << c.head_dim << ") rotary_dim " << c.rotary_dim << " block " << c.block
             << (c.pairs == RotaryPairs::halves ? " halves" : " adjacent") << " positions "
             << name(c.positions) << " gaps " << c.x_gap << " " << c.y_gap << " steps " << c.x_step
             << " " << c.y_step << " offset " << c.offset << (c.in_place ? " in place" : "")
             << (c.before ? " signs before" : "") << (c.after ? " signs after" : "")
             << (c.per_row ? " scale per row" : "") << " values " << static_cast<int>(c.values);
}

class RotaryCheck {
 public:
  RotaryCheck(const RotaryCase& c, Device device) : c_(c), device_(device) {
    x_ = view(c.x, c.x_gap, c.x_step);
    y_ = c.in_place ? x_ : view(c.y, c.y_gap, c.y_step);
    fill();
    make_expected();
  }

  // Runs every kernel of the machine that takes the case; their outputs by name.
  std::map<std::string, std::vector<std::byte>> run(RotaryMachine& machine) {
    std::map<std::string, std::vector<std::byte>> outputs;
    for (const std::string& kernel : machine.kernels) {
      std::vector<std::byte> x = x_bytes_, y(bytes_of(y_), std::byte{0xC5});
      RotaryCall call{x_, y_, rotary(), options()};
      call.x.data = x.data() + z(c_.offset) * size_of(c_.x);
      call.y.data = c_.in_place ? call.x.data : y.data() + z(c_.offset) * size_of(c_.y);
      if (!machine.run(kernel, call, x, y)) continue;
      EXPECT_EQ(check(c_.in_place ? x : y), "") << kernel << ": " << c_;
      if (!c_.in_place) {
        EXPECT_EQ(x, x_bytes_) << kernel << " wrote to x, " << c_;
      }
      outputs[kernel] = c_.in_place ? x : y;
    }
    EXPECT_FALSE(outputs.empty()) << "no kernel takes " << c_;
    return outputs;
  }

 private:
  static std::size_t z(std::int64_t i) { return static_cast<std::size_t>(i); }
  std::int64_t rotary_dim() const { return c_.rotary_dim < 0 ? c_.head_dim : c_.rotary_dim; }
  std::int64_t block() const { return c_.block == 0 ? c_.head_dim : c_.block; }
  std::int64_t rows() const { return c_.tokens * c_.heads; }
  bool is_coded() const { return c_.y != c_.x; }
  core::CodeKind kind() const {
    return c_.y == DType::e4m3   ? core::CodeKind::e4m3
           : c_.y == DType::e5m2 ? core::CodeKind::e5m2
                                 : core::CodeKind::int8;
  }

  TensorView view(DType dtype, std::int64_t gap, std::int64_t step) const {
    TensorView v;
    v.dtype = dtype;
    v.device = device_;
    v.rank = 3;
    v.shape = {c_.tokens, c_.heads, c_.head_dim, 0};
    const std::int64_t head = c_.head_dim * step + gap;
    v.strides = {c_.heads * head + 2 * gap, head, step, 0};
    return v;
  }
  std::size_t bytes_of(const TensorView& v) const {
    return z(c_.offset + v.shape[0] * v.strides[0] + 32) * size_of(v.dtype);
  }
  std::int64_t place(const TensorView& v, std::int64_t row, std::int64_t e) const {
    return c_.offset + row / c_.heads * v.strides[0] + row % c_.heads * v.strides[1] +
           e * v.strides[2];
  }
  double x_at(std::int64_t row, std::int64_t e) const {
    return load_element(x_bytes_.data(), c_.x, place(x_, row, e));
  }

  void fill() {
    std::mt19937_64 random(c_.seed);
    std::normal_distribution<double> normal;
    x_bytes_.assign(bytes_of(x_), std::byte{0xC5});
    for (std::int64_t r = 0; r < rows(); ++r) {
      for (std::int64_t e = 0; e < c_.head_dim; ++e) {
        store_element(x_bytes_.data(), c_.x, place(x_, r, e), normal(random));
      }
    }
    if (c_.values == RotaryValues::nonfinite) {
      for (const double bad : {INFINITY, -INFINITY, NAN}) {
        const auto at = static_cast<std::int64_t>(random() % z(rows() * c_.head_dim));
        store_element(x_bytes_.data(), c_.x, place(x_, at / c_.head_dim, at % c_.head_dim), bad);
      }
    }
    for (auto* signs : {&before_, &after_}) {
      signs->resize(z(c_.head_dim));
      for (std::int8_t& s : *signs) s = static_cast<std::int8_t>(random() % 2 == 0 ? -1 : 1);
    }
    const std::int64_t pairs = rotary_dim() / 2, step = pairs + c_.table_gap;
    table_rows_ = c_.positions == DType::f32 ? c_.tokens : 37;
    for (auto* table : {&cos_, &sin_}) table->assign(z(table_rows_ * step + 1), NAN);
    for (std::int64_t p = 0; p < table_rows_; ++p) {
      for (std::int64_t i = 0; i < pairs; ++i) {
        const double angle =
            static_cast<double>(p) *
            std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(pairs));
        cos_[z(p * step + i)] = static_cast<float>(std::cos(angle));
        sin_[z(p * step + i)] = static_cast<float>(std::sin(angle));
      }
    }
    for (std::int64_t t = 0; t < c_.tokens; ++t) {
      std::int64_t p =
          c_.positions == DType::f32 ? t : static_cast<std::int64_t>(random() % z(table_rows_));
      if (c_.values == RotaryValues::outside && t % 2 == 0) p = t % 4 == 0 ? table_rows_ : -1;
      position_.push_back(p);
      position32_.push_back(static_cast<std::int32_t>(p));
    }
    scale_ = 0.9F / std::sqrt(static_cast<float>(block()));
  }

  Rotary rotary() const {
    const std::int64_t pairs = rotary_dim() / 2, step = pairs + c_.table_gap;
    Rotary r{TensorView::matrix(cos_.data(), DType::f32, table_rows_, pairs, step, device_),
             TensorView::matrix(sin_.data(), DType::f32, table_rows_, pairs, step, device_),
             {},
             c_.pairs};
    if (c_.positions == DType::i32) {
      r.positions = TensorView::vector(position32_.data(), DType::i32, c_.tokens, device_);
    } else if (c_.positions == DType::i64) {
      r.positions = TensorView::vector(position_.data(), DType::i64, c_.tokens, device_);
    }
    return r;
  }

  HadamardOptions options() {
    HadamardOptions o;
    o.block = c_.block;
    o.scale = scale_;
    if (c_.before)
      o.signs_before = TensorView::vector(before_.data(), DType::i8, c_.head_dim, device_);
    if (c_.after)
      o.signs_after = TensorView::vector(after_.data(), DType::i8, c_.head_dim, device_);
    scales_.assign(z(c_.per_row ? rows() : 1), 0.02F);
    if (is_coded()) {
      o.scaling = c_.per_row ? HadamardScaling::per_row : HadamardScaling::given;
      o.scales = TensorView::vector(scales_.data(), DType::f32,
                                    static_cast<std::int64_t>(scales_.size()), device_);
    }
    amax_ = 0;
    if (c_.amax) o.amax = TensorView::vector(&amax_, DType::f32, 1, device_);
    return o;
  }

  void make_expected() {
    const std::int64_t d = c_.head_dim, r = rotary_dim(), b = block();
    const std::int64_t step = r / 2 + c_.table_gap;
    for (std::int64_t row = 0; row < rows(); ++row) {
      const std::int64_t p = position_[z(row / c_.heads)];
      const bool inside = p >= 0 && p < table_rows_;
      std::vector<double> v(z(d)), magnitude(z(d));
      for (std::int64_t e = 0; e < d; ++e) {
        v[z(e)] = x_at(row, e);
        magnitude[z(e)] = std::abs(v[z(e)]);
      }
      for (std::int64_t i = 0; i < r / 2; ++i) {
        const bool halves = c_.pairs == RotaryPairs::halves;
        const std::size_t first = z(halves ? i : 2 * i), second = z(halves ? r / 2 + i : 2 * i + 1);
        const double cos = inside ? cos_[z(p * step + i)] : NAN;
        const double sin = inside ? sin_[z(p * step + i)] : NAN;
        const double a = v[first], s = v[second];
        v[first] = a * cos - s * sin;
        v[second] = a * sin + s * cos;
        magnitude[first] = std::abs(a * cos) + std::abs(s * sin);
        magnitude[second] = std::abs(a * sin) + std::abs(s * cos);
      }
      for (std::int64_t e = 0; e < d; ++e) {
        if (c_.before && before_[z(e)] < 0) v[z(e)] = -v[z(e)];
      }
      for (std::int64_t first = 0; first < d; first += b) {
        const Transformed piece = transform_f64({v.begin() + first, v.begin() + first + b});
        double sum = 0;
        for (std::int64_t e = first; e < first + b; ++e) sum += magnitude[z(e)];
        for (std::int64_t e = 0; e < b; ++e) {
          const double y = piece.y[z(e)] * static_cast<double>(scale_);
          expected_.push_back(c_.after && after_[z(first + e)] < 0 ? -y : y);
          magnitude_.push_back(sum * static_cast<double>(scale_));
        }
      }
    }
  }

  // docs/hadamard.md: a transform's additions, the scale, and three roundings of a rotation.
  double sum_error(std::size_t i) const {
    const core::HadamardSize size = core::hadamard_size(block());
    return (size.p + (size.q > 1 ? size.q / 4 + 4 : 0) + 3 + 3) * 0x1p-24 * magnitude_[i];
  }
  double code_of(double value) const {
    const auto v = static_cast<float>(value);
    if (kind() == core::CodeKind::int8) return core::integer_code(v, kind());
    return static_cast<double>(core::fp8_value(core::fp8_code(v, kind()), kind()));
  }

  std::string check_element(const std::vector<std::byte>& out, std::int64_t row, std::int64_t e) {
    const std::size_t i = z(row * c_.head_dim + e);
    const double wanted = expected_[i];
    const std::int64_t at = place(y_, row, e);
    double got = 0, low = 0, high = 0;
    if (!is_coded()) {
      got = load_element(out.data(), c_.y, at);
      const double unit = c_.y == DType::f16 ? 0x1p-11 : 0x1p-8;
      const double bound =
          unit * std::abs(wanted) + (1 + unit) * sum_error(i) + (c_.y == DType::f16 ? 0x1p-25 : 0);
      low = wanted - bound;
      high = wanted + bound;
    } else {
      const auto code = static_cast<std::uint8_t>(out[z(at)]);
      const bool is_integer = kind() == core::CodeKind::int8;
      got = is_integer ? static_cast<std::int8_t>(code)
                       : static_cast<double>(core::fp8_value(code, kind()));
      const float scale = scales_[c_.per_row ? z(row) : 0];
      if (std::isnan(wanted) || std::isnan(scale)) {  // a NaN in the row is in its scale
        const bool fine = is_integer ? got == 0 : std::isnan(got);
        return fine ? "" : "a NaN became " + std::to_string(got);
      }
      const double slip = sum_error(i) + std::abs(wanted) * 0x1p-22;
      low = code_of((wanted - slip) / scale);
      high = code_of((wanted + slip) / scale);
    }
    const bool fine = std::isnan(wanted)   ? std::isnan(got)
                      : std::isinf(wanted) ? got == wanted
                                           : got >= low && got <= high;
    if (fine) return "";
    return "element " + std::to_string(i) + " is " + std::to_string(got) + ", wanted " +
           std::to_string(wanted) + " in " + std::to_string(low) + " ... " + std::to_string(high);
  }

  std::string check(const std::vector<std::byte>& out) {
    std::vector<bool> written(out.size());
    double largest = 0, slack = 0;
    for (std::int64_t row = 0; row < rows(); ++row) {
      double of_row = 0;
      bool is_nan = false;
      for (std::int64_t e = 0; e < c_.head_dim; ++e) {
        const std::string wrong = check_element(out, row, e);
        if (!wrong.empty()) return wrong;
        const std::size_t i = z(row * c_.head_dim + e);
        of_row = std::max(of_row, std::abs(expected_[i]));
        is_nan = is_nan || std::isnan(expected_[i]);
        slack = std::max(slack, sum_error(i));
        for (std::size_t b = 0; b < size_of(c_.y); ++b) {
          written[z(place(y_, row, e)) * size_of(c_.y) + b] = true;
        }
      }
      largest = std::max(largest, of_row);
      if (!is_coded() || !c_.per_row) continue;
      const float scale = scales_[z(row)];
      const double wanted = core::scale_for(static_cast<float>(of_row), kind());
      const bool fine = is_nan ? std::isnan(scale)
                               : std::abs(scale - wanted) <=
                                     slack / core::largest_code(kind()) + wanted * 0x1p-22;
      if (!fine) return "scale of row " + std::to_string(row) + " is " + std::to_string(scale);
    }
    const bool fine = std::abs(amax_ - largest) <= slack + largest * 0x1p-22;
    if (c_.amax && !fine) return "amax " + std::to_string(amax_);
    for (std::size_t b = 0; b < out.size(); ++b) {
      const std::byte before = c_.in_place ? x_bytes_[b] : std::byte{0xC5};
      if (!written[b] && out[b] != before) return "wrote byte " + std::to_string(b);
    }
    return "";
  }

  RotaryCase c_;
  Device device_;
  TensorView x_, y_;
  std::vector<std::byte> x_bytes_;
  std::vector<std::int8_t> before_, after_;
  std::vector<float> cos_, sin_, scales_;
  std::vector<std::int64_t> position_;
  std::vector<std::int32_t> position32_;
  std::int64_t table_rows_ = 0;
  float scale_ = 1, amax_ = 0;
  std::vector<double> expected_, magnitude_;
};

}  // namespace halfbyte::test
