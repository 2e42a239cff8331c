#include "quantize/rtn_group.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "halfbyte/numeric.h"

namespace halfbyte::quantize_detail {
namespace {

constexpr std::size_t lanes = 8;
constexpr double infinity = std::numeric_limits<double>::infinity();

// Clipping ratios tried: from the full range down to 0.3 of it. 2-bit groups of normal weights are
// best at about 0.45, 4-bit ones at 0.8 ... 1.
constexpr int ratio_steps = 56;
constexpr double ratio_low = 0.3;
constexpr int least_squares_rounds = 4;

double round_to(DType dtype, double value) {
  switch (dtype) {
    case DType::f16:
      return f16_to_f32(f64_to_f16(value));
    case DType::bf16:
      return bf16_to_f32(f64_to_bf16(value));
    default:
      return static_cast<float>(value);
  }
}

// The group scaled by a power of two so that its largest weight is in [1, 2): squares neither
// overflow nor vanish whatever the weights' range, and every product below is exact or relative.
struct ScaledGroup {
  std::span<const float> padded;  // zeros at the end cost no error
  std::size_t size = 0;
  int exponent = 0;
  double low = 0;   // min(0, smallest), scaled
  double high = 0;  // max(0, largest), scaled
};

ScaledGroup scale_group(std::span<const float> weights, std::span<float> scratch) {
  ScaledGroup group{.padded = {}, .size = weights.size()};
  float low = 0;
  float high = 0;
  for (const float w : weights) {
    low = std::min(low, w);
    high = std::max(high, w);
  }
  const double absmax = std::max(-static_cast<double>(low), static_cast<double>(high));
  if (absmax == 0) return group;
  group.exponent = std::ilogb(absmax);
  const double unit = std::ldexp(1.0, -group.exponent);
  const std::size_t padded = padded_size(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    scratch[i] = static_cast<float>(weights[i] * unit);  // exact: a power of two
  }
  std::fill(scratch.begin() + static_cast<std::ptrdiff_t>(weights.size()),
            scratch.begin() + static_cast<std::ptrdiff_t>(padded), 0.0F);
  group.padded = scratch.first(padded);
  group.low = low * unit;
  group.high = high * unit;
  return group;
}

struct Candidate {
  double scale = 0;   // as stored
  double scaled = 0;  // the same in the group's units
  int zero = 0;
};

// The squared error in f32, given up as soon as it reaches `limit`. Four instructions of eight
// lanes each; the search calls this some 100 times a group, so it is where the time goes.
float squared_error(const ScaledGroup& group, const Candidate& c, int top, float limit) {
  const auto s = static_cast<float>(c.scaled);
  const float inverse = 1.0F / s;
  const auto low = static_cast<float>(-c.zero);
  const auto high = static_cast<float>(top - c.zero);
  constexpr float round_bias = 12582912.0F;  // 1.5 * 2^23: adding and taking it away rounds to even
  constexpr std::size_t block = 4 * lanes;   // between looks at the limit
  float sum = 0;
  const float* w = group.padded.data();
  for (std::size_t begin = 0; begin < group.padded.size(); begin += block) {
    std::array<float, lanes> part{};
    for (std::size_t i = begin; i < begin + block; i += lanes) {
      for (std::size_t l = 0; l < lanes; ++l) {
        const float t = std::min(std::max(w[i + l] * inverse, low), high);
        const float error = w[i + l] - ((t + round_bias) - round_bias) * s;
        part[l] += error * error;
      }
    }
    for (const float p : part) sum += p;
    if (sum >= limit) return sum;
  }
  return sum;
}

int nearest_step(double w, const Candidate& c, int top) {
  const double step = std::nearbyint(w / c.scaled);
  return static_cast<int>(std::clamp<double>(step, -c.zero, top - c.zero));
}

double exact_error(const ScaledGroup& group, const Candidate& c, int top) {
  double sum = 0;
  for (std::size_t i = 0; i < group.size; ++i) {
    const double error = group.padded[i] - nearest_step(group.padded[i], c, top) * c.scaled;
    sum += error * error;
  }
  return sum;
}

// Keeps the best candidate by f32 error; the first of equals wins.
class Search {
 public:
  Search(const ScaledGroup& group, const GroupRule& rule)
      : group_(group), rule_(rule), top_((1 << rule.bits) - 1) {}

  // A candidate from a scale in the group's units; false if the stored scale is 0 or infinite.
  bool make(double scaled, int zero, Candidate& out) const {
    out.scale = round_to(rule_.scale_dtype, std::ldexp(scaled, group_.exponent));
    out.scaled = std::ldexp(out.scale, -group_.exponent);
    out.zero = zero;
    return out.scale != 0 && std::isfinite(out.scale);
  }

  void offer(const Candidate& c) {
    const float error = squared_error(group_, c, top_, best_error_);
    if (error < best_error_) {
      best_error_ = error;
      best_ = c;
    }
  }

  // Tries the scale (max - min) / c, or absmax / c, with the zeros and signs that the rule allows.
  void offer_range(double c) {
    if (rule_.symmetric) {
      Candidate candidate;
      const double absmax = std::max(-group_.low, group_.high);
      if (!make(absmax / c, 1 << (rule_.bits - 1), candidate)) return;
      offer(candidate);
      offer({-candidate.scale, -candidate.scaled, candidate.zero});
      return;
    }
    Candidate candidate;
    if (!make((group_.high - group_.low) / c, 0, candidate)) return;
    // Beyond the full range both ends are clipped by the same ratio.
    const int middle = zero_of(candidate.scaled, std::min(1.0, top_ / c));
    for (const int zero : {middle, middle - 1, middle + 1}) {
      if (zero < 0 || zero > top_) continue;
      candidate.zero = zero;
      offer(candidate);
    }
  }

  // While it helps: the scale that fits the codes of the best scale by least squares.
  void refine() {
    for (int round = 0; round < least_squares_rounds && best_error_ > 0; ++round) {
      double weight_step = 0;
      double step_step = 0;
      for (std::size_t i = 0; i < group_.size; ++i) {
        const double step = nearest_step(group_.padded[i], best_, top_);
        weight_step += group_.padded[i] * step;
        step_step += step * step;
      }
      Candidate candidate;
      if (!(step_step > 0) || !make(weight_step / step_step, best_.zero, candidate)) return;
      const float before = best_error_;
      offer(candidate);
      if (!(best_error_ < before)) return;
    }
  }

  int zero_of(double scaled, double ratio = 1) const {
    const double zero = std::nearbyint(-group_.low * ratio / scaled);
    return static_cast<int>(std::clamp<double>(zero, 0, top_));
  }
  const Candidate& best() const { return best_; }
  bool found() const { return best_.scale != 0; }

 private:
  const ScaledGroup& group_;
  const GroupRule& rule_;
  int top_;
  float best_error_ = std::numeric_limits<float>::infinity();
  Candidate best_;
};

// What a quantiser without a search does: the whole range, symmetric about 0 where asked.
bool min_max_candidate(const ScaledGroup& group, const GroupRule& rule, const Search& search,
                       Candidate& out) {
  const int top = (1 << rule.bits) - 1;
  if (rule.symmetric) {
    return search.make(2 * std::max(-group.low, group.high) / top, 1 << (rule.bits - 1), out);
  }
  if (!search.make((group.high - group.low) / top, 0, out)) return false;
  out.zero = search.zero_of(out.scaled);
  return true;
}

void offer_clippings(const GroupRule& rule, Search& search) {
  const int full = rule.symmetric ? 1 << (rule.bits - 1) : (1 << rule.bits) - 1;
  if (rule.symmetric) search.offer_range(full - 0.5);
  for (int c = full; c >= 1; --c) search.offer_range(c);
  for (int i = 1; i <= ratio_steps; ++i) {
    search.offer_range(full / (1 - (1 - ratio_low) * i / ratio_steps));
  }
}

}  // namespace

std::size_t padded_size(std::size_t weights) {
  constexpr std::size_t block = 4 * lanes;
  return (weights + block - 1) / block * block;
}

GroupFit fit_group(std::span<const float> weights, const GroupRule& rule,
                   std::span<float> scratch) {
  GroupFit fit{.zero = rule.symmetric ? 1 << (rule.bits - 1) : 0};
  const ScaledGroup group = scale_group(weights, scratch);
  if (group.padded.empty()) return fit;  // all zeros: every code is the zero

  Search search(group, rule);
  Candidate min_max;
  const bool has_min_max = min_max_candidate(group, rule, search, min_max);
  if (std::isinf(min_max.scale)) {
    fit.representable = false;
    return fit;
  }
  Candidate chosen = min_max;
  if (rule.search_clip) {
    offer_clippings(rule, search);
    if (search.found()) {
      search.refine();
      const int top = (1 << rule.bits) - 1;
      // The search ranks in f32: let f64 have the last word against doing nothing.
      const double plain = has_min_max ? exact_error(group, min_max, top) : infinity;
      if (exact_error(group, search.best(), top) < plain) chosen = search.best();
    }
  }
  if (chosen.scale == 0) return fit;  // below half of the smallest scale: zeros are nearest
  fit.scale = chosen.scale;
  fit.zero = chosen.zero;
  return fit;
}

void assign_codes(std::span<const float> weights, const GroupFit& fit, int bits,
                  std::span<std::uint8_t> codes) {
  const int top = (1 << bits) - 1;
  const Candidate candidate{fit.scale, fit.scale, fit.zero};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    codes[i] = static_cast<std::uint8_t>(nearest_step(weights[i], candidate, top) + fit.zero);
  }
}

}  // namespace halfbyte::quantize_detail
