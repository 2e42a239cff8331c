// Folding rotations into the weights of a 16-bit Llama: the function stays, outlier channels go.
//
// With T = H D / sqrt(n), D random signs, H hadamard()'s matrix of hidden_size, and T2 the same of
// head_dim: the residual stream x becomes T x, and in every head the values v become T2 v.
//   embedding rows, o_proj and down_proj outputs: T w        (R1)
//   q, k, v, gate, up and lm_head: rows T (g w), g the gains of the RMSNorm before, which become 1
//   v_proj outputs T2 v, o_proj rows T2 of each head's piece (R2)
// RMSNorm without gains commutes with T; attention is linear in v. Biases turn with the outputs.
//
// Source: QuaRot, arXiv 2404.00456 (section 4.1); R1 and R2 as named by SpinQuant, arXiv
// 2405.16406.
#pragma once

#include <cstdint>
#include <filesystem>

namespace halfbyte {

struct FoldRotationsOptions {
  bool residual = true;    // R1
  bool heads = true;       // R2
  std::uint64_t seed = 1;  // of the signs; 0: all +1
};

// Reads a checkpoint in f16, bf16 or f32 and writes one of the same tensors, shards and types into
// `to`; gains are folded in any case. A tensor is computed in f32 and rounded once. A tied output
// layer is refused: it cannot have the last gains and be the embedding.
// Errors: those of Checkpoint::open; E_UNSUPPORTED (model_type other than llama, mistral, qwen2;
// quantised; tied; a width without a transform; a tensor that is not known), E_FORMAT
// (config.json), E_PATH (`to` is `from`), E_NOSPACE, E_IO.
void fold_rotations(const std::filesystem::path& from, const std::filesystem::path& to,
                    const FoldRotationsOptions& options = {});

}  // namespace halfbyte
