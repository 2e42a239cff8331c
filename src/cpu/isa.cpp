#include "cpu/isa.h"

#include <array>
#include <cstdlib>
#include <string>

#include "halfbyte/error.h"

namespace halfbyte::cpu {
namespace {

constexpr std::array<std::string_view, 5> names{"scalar", "avx2", "avx512", "avx512vnni",
                                                "avx512bf16"};

Isa asked_isa() {
  const char* asked = std::getenv("HALFBYTE_ISA");
  if (asked == nullptr || *asked == '\0') return detected_isa();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != asked) continue;
    const auto isa = static_cast<Isa>(i);
    if (isa <= detected_isa()) return isa;
    throw Error(ErrorCode::unsupported,
                {.function = "linear",
                 .argument = "HALFBYTE_ISA",
                 .got = asked,
                 .wanted = "at most " + std::string(name(detected_isa())) + " on this CPU",
                 .advice = "unset HALFBYTE_ISA"});
  }
  throw Error(ErrorCode::arg, {.function = "linear",
                               .argument = "HALFBYTE_ISA",
                               .got = asked,
                               .wanted = "scalar, avx2, avx512, avx512vnni or avx512bf16"});
}

}  // namespace

std::string_view name(Isa isa) { return names[static_cast<std::size_t>(isa)]; }

// The compiler's built-ins read CPUID, and XGETBV for what the operating system saves.
Isa detected_isa() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c")) {
    return Isa::scalar;
  }
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq")) {
    return Isa::avx2;
  }
  if (!__builtin_cpu_supports("avx512vnni")) return Isa::avx512;
  return __builtin_cpu_supports("avx512bf16") ? Isa::avx512bf16 : Isa::avx512vnni;
}

Isa active_isa() {
  static const Isa isa = asked_isa();
  return isa;
}

}  // namespace halfbyte::cpu
