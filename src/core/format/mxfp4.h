// MXFP4 (OCP Microscaling Formats 1.0): 4-bit floats e2m1, 32 of them under one scale e8m0 =
// 2^(s-127).
#pragma once

#include <array>

namespace halfbyte::core {

inline constexpr int mxfp4_group = 32;

// The value of each code: bit 3 is the sign, bits 2-1 the exponent (bias 1), bit 0 the mantissa.
inline constexpr std::array<float, 16> e2m1_values = {
    0.0F,  0.5F,  1.0F,  1.5F,  2.0F,  3.0F,  4.0F,  6.0F,
    -0.0F, -0.5F, -1.0F, -1.5F, -2.0F, -3.0F, -4.0F, -6.0F,
};

}  // namespace halfbyte::core
