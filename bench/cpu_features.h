// What the harness itself uses of the CPU: AVX2 and FMA where there are any, plain C++ elsewhere.
#pragma once

#if defined(__x86_64__)
#define HALFBYTE_BENCH_AVX2 __attribute__((target("avx2,fma")))
#else
#define HALFBYTE_BENCH_AVX2
#endif

namespace halfbyte::bench {

inline bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

}  // namespace halfbyte::bench
