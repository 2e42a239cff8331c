// Compiled with -ffp-contract=fast: `sum * scale + step` is one fused instruction where there is
// one.
#include "bench/multiply_add_rate.h"

#include <atomic>

#include "bench/cpu_features.h"
#include "cpu/threads.h"

namespace halfbyte::bench {
namespace {

// 12 chains: two units of latency 4 or 5 need 8 to 10, and 16 registers leave no room for more.
constexpr int chains = 12;

template <int lanes>
struct Lanes {
  typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));
};

template <int lanes>
[[gnu::always_inline]] inline float run_chains_inline(long steps) {
  using Vector = typename Lanes<lanes>::Vector;
  Vector sums[chains];
  for (int c = 0; c < chains; ++c) sums[c] = Vector{} + static_cast<float>(c);
  const Vector scale = Vector{} + 0.999f, step = Vector{} + 0.001f;
  for (long i = 0; i < steps; ++i) {
    for (int c = 0; c < chains; ++c) sums[c] = sums[c] * scale + step;
  }
  float total = 0;
  for (const Vector& sum : sums) total += sum[0];
  return total;
}

float run_chains_plain(long steps) { return run_chains_inline<4>(steps); }
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) float run_chains_avx2(long steps) {
  return run_chains_inline<8>(steps);
}
__attribute__((target("avx512f"))) float run_chains_avx512(long steps) {
  return run_chains_inline<16>(steps);
}
#endif

struct Width {
  int lanes;
  float (*run)(long steps);
};

Width widest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {16, run_chains_avx512};
  if (has_avx2()) return {8, run_chains_avx2};
#endif
  return {4, run_chains_plain};
}

}  // namespace

void multiply_add_pass(Samples& gmacs) {
  constexpr int bursts = 8;
  constexpr long steps = 125'000;  // 12 instructions each, 2 a cycle: 1/4 ms at 3 GHz
  static const Width width = widest();
  const int threads = num_threads();
  for (int b = 0; b < bursts; ++b) {
    std::atomic<float> sum = 0;
    const auto run_all = [&] {
      cpu::parallel_for(threads, [&](std::int64_t) { sum += width.run(steps); });
    };
    gmacs.measure(run_all, [&](double us) {
      // -1 never, but unknown to the compiler: the sums must be computed.
      return sum == -1 ? 0
                       : static_cast<double>(steps) * chains * width.lanes * threads / us / 1000;
    });
  }
}

}  // namespace halfbyte::bench
