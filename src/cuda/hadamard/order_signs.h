// The signs of H_q for a kernel's parameter. nvcc's front end evaluates constant expressions of
// another size than g++'s: it cannot make the table of core/hadamard/signs.h.
#pragma once

#include <cstdint>

namespace halfbyte::cuda::hadamard {

// Rows of core::sign_words(q) words each.
void copy_order_signs(int q, std::uint32_t* words);

}  // namespace halfbyte::cuda::hadamard
