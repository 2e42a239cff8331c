// Which instruction sets the CPU has, and which level the kernels may use.
#pragma once

#include <cstdint>
#include <string_view>

namespace halfbyte::cpu {

// In rising order; a level includes those below it.
enum class Isa : std::uint8_t { scalar, avx2, avx512, avx512vnni, avx512bf16 };

std::string_view name(Isa isa);
// The highest level that CPU and operating system support.
Isa detected_isa();
// detected_isa(), or the lower level that HALFBYTE_ISA asks for. A level that the CPU lacks, or an
// unknown name, throws E_UNSUPPORTED or E_ARG at the first use.
Isa active_isa();

}  // namespace halfbyte::cpu
