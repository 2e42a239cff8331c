// Eight floats at once, in the compiler's vector types, with AVX2 where the machine has it.
#pragma once

#include <cstring>

namespace llama {

using Wide = float __attribute__((vector_size(32)));

// From and to any address. By reference, since without AVX no register passes a Wide.
[[gnu::always_inline]] inline void load(const float* from, Wide& to) {
  std::memcpy(&to, from, sizeof to);
}
[[gnu::always_inline]] inline void store(const Wide& from, float* to) {
  std::memcpy(to, &from, sizeof from);
}

#if defined(__x86_64__)
template <class Body>
[[gnu::target("avx2,fma")]] void run_with_avx2(const Body& body) {
  body();
}
#endif

// Runs an always_inline lambda, compiled once for AVX2 with fused multiply-add and once for any
// processor, in the form that this one can run.
template <class Body>
void run_wide(const Body& body) {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) return run_with_avx2(body);
#endif
  body();
}

}  // namespace llama
