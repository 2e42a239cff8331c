// rotary_hadamard: what attention on 8-bit q and k needs before it, in one pass:
// y = quantise(scale * D_after H D_before R(p) x) for every head x of every token, p its position.
//
// R(p) turns the pairs of the first `rotary_dim` elements of a head, the others stay: pair i of
// elements (a, b) becomes (a cos - b sin, a sin + b cos), cos and sin in row p and column i of the
// tables. H, signs, scale, codes and amax are those of hadamard() along the last axis: `block` = 0
// transforms whole heads, 32 a head of 96 in three pieces, 1 rotates only (scale 1).
//
// Shapes: x and y (tokens, heads, head_dim); cos and sin (positions, rotary_dim / 2), f32;
// head_dim up to 65536, rotary_dim even and at most head_dim. Types: x in f16 or bf16, y as in
// hadamard(). Strides of x any, those of y positive and without overlap: q and k side by side in
// one tensor are one call, and y may be a slice of a cache. Sums are f32, rounded once.
//
// On a GPU: head_dim a multiple of 8 up to 256; blocks of 2^p; no 4-bit codes; scales given or per
// row (token and head, in that order); at most 2^20 heads of a token and 2^32 in all.
// E_UNSUPPORTED for anything else.
//
// A position beyond the tables makes what it would turn NaN: positions on a device need not be read
// to be checked. In place: y is the same view as x. As hadamard(), a call allocates nothing, keeps
// no state and reads nothing back; any number of threads and streams may call at the same time.
//
// Source: arXiv 2104.09864 section 3.4 (rotations), 2404.00456 section 4 (H on q and k: it cancels
// in their product).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "halfbyte/hadamard.h"
#include "halfbyte/tensor.h"

namespace halfbyte {

// Which two elements of a head are pair i.
enum class RotaryPairs : std::uint8_t {
  halves,    // i and i + rotary_dim / 2: Llama, GPT-NeoX
  adjacent,  // 2 i and 2 i + 1: GPT-J
};

struct Rotary {
  TensorView cos{}, sin{};  // columns adjacent, rows at any distance: one table may hold both
  TensorView positions{};   // (tokens,) of i32 or i64; not given: token t is at position t
  RotaryPairs pairs = RotaryPairs::halves;
};

// Of the options `axis` stays the last, `transpose` and `precision` change what hadamard() says;
// no workspace is needed. Errors: those of hadamard(), for cos, sin and positions too. Nothing is
// written then.
void rotary_hadamard(const TensorView& x, const Rotary& rotary, const TensorView& y,
                     const HadamardOptions& options = {});
HadamardPlan plan_rotary_hadamard(const TensorView& x, const Rotary& rotary, const TensorView& y,
                                  const HadamardOptions& options = {});

// Every kernel of rotary_hadamard() of this build, in the order of the table.
std::vector<KernelInfo> rotary_kernels();

}  // namespace halfbyte
