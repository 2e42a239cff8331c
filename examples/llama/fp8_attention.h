// What FP8 attention does to q, k and v: each call's rows become e4m3 under one scale, with or
// without a Hadamard transform of every head of q and k first, which cancels in q k^T.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "llama/attention.h"

namespace llama {

enum class AttentionCast : std::uint8_t { none, fp8, fp8_hadamard };

// "f32", "fp8", "fp8-hadamard"; throws E_ARG.
AttentionCast attention_cast_from_name(const std::string& name);

// Rounds m rows of `heads` heads to the values of their codes, head_dim elements turned at a time
// when `turn` is set: H x / sqrt(head_dim).
void round_to_fp8(float* rows, std::int64_t m, std::int64_t heads, std::int64_t head_dim,
                  bool turn);

}  // namespace llama
