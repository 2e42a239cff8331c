// f16 and bf16 on the host: conversion with one rounding to nearest, ties to even; denormals, NaN
// and Inf are kept.
#pragma once

#include <cstdint>

#include "halfbyte/tensor.h"

namespace halfbyte {

float f16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_f16(float value);
std::uint16_t f64_to_f16(double value);
float bf16_to_f32(std::uint16_t bits);
std::uint16_t f32_to_bf16(float value);
std::uint16_t f64_to_bf16(double value);
float e8m0_to_f32(std::uint8_t bits);  // 2^(bits-127); 255 is NaN

// Element i of an array of `dtype` as a double, and the rounding store.
double load_element(const void* data, DType dtype, std::int64_t i);
void store_element(void* data, DType dtype, std::int64_t i, double value);

}  // namespace halfbyte
