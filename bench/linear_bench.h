// Times and checks linear() over the weights of one shape.
//
// Every kernel, schedule, split and m is checked against float64 on every weight before it is
// timed. Timed calls go through distinct copies of the weights, at least rotate_bytes of them in
// turn, so that no call finds its weight in a cache. The schedules of one m take turns, with passes
// of the device's probes in between: on a machine that others use too, only neighbours in time
// compare. How calls are timed is the device's Timer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/rows.h"
#include "bench/timer.h"
#include "halfbyte/linear.h"
#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte::bench {

// A call as it is asked for; all as in LinearOptions.
struct Variant {
  Schedule schedule = Schedule::automatic;
  std::int64_t split = 0;
  std::string kernel{};
  std::optional<GemmConfig> config{};
};

// The variants of calls like this one.
using ChooseVariants = std::function<std::vector<Variant>(
    const TensorView& x, const PackedWeight& w, const TensorView& y)>;

struct BenchSettings {
  std::vector<std::int64_t> m = {1, 2, 4, 8, 16};
  std::vector<DType> dtypes = {DType::f16};
  std::vector<Variant> variants;
  ChooseVariants choose_variants;  // in place of `variants` where they depend on the call
  Device device{};
  double cell_ms = 40;  // time spent on a row, at least 8 calls
  std::size_t rotate_bytes = std::size_t{128} << 20;
  bool overlaps = true;  // this and the next: LinearOptions
  bool batch_invariant = false;
};

// Weights of one shape and kind; names them all in its rows' `layer`.
struct BenchShape {
  std::string layer;
  std::vector<QuantizedWeight> weights;
};

// Throws E_UNSUPPORTED, E_RANGE or E_NO_GPU when the device has no kernel for one of the variants,
// before any real work.
void refuse_unsupported(const BenchSettings& settings);

// Calls step() after each row. Errors: those of pack and linear.
std::vector<BenchRow> bench_linear(const BenchShape& shape, const BenchSettings& settings,
                                   Timer& timer, const std::function<void()>& step = {});

}  // namespace halfbyte::bench
