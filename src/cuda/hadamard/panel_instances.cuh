// The kernels on panels of a type of x: one list for every type.
#pragma once

#include <array>

#include "cuda/hadamard/panel.cuh"

namespace halfbyte::cuda::hadamard {

template <class Number, int log2_chunks, bool one_rounding, Output output>
constexpr PanelInstance panel() {
  using K = Panel<Number, log2_chunks, one_rounding, output>;
  return {.log2_chunks = log2_chunks,
          .one_rounding = one_rounding,
          .output = output,
          .pieces = K::pieces,
          .chunks = K::chunks,
          .warpgroups = K::warpgroups,
          .blocks_per_sm = K::blocks_per_sm,
          .kernel = panel_kernel<K>};
}

template <class Number>
constexpr std::array all_panels{
    panel<Number, 0, true, Output::values>(),  panel<Number, 1, true, Output::values>(),
    panel<Number, 2, true, Output::values>(),  panel<Number, 0, false, Output::values>(),
    panel<Number, 1, false, Output::values>(), panel<Number, 2, false, Output::values>(),
    panel<Number, 0, true, Output::given>(),   panel<Number, 1, true, Output::given>(),
    panel<Number, 2, true, Output::given>()};

}  // namespace halfbyte::cuda::hadamard
