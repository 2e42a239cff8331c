#include "cuda/hadamard/order_signs.h"

#include <algorithm>

#include "core/hadamard/signs.h"

namespace halfbyte::cuda::hadamard {

void copy_order_signs(int q, std::uint32_t* words) {
  const auto* const first = core::hadamard_signs.data() + core::first_sign_word(q);
  std::copy(first, first + q * core::sign_words(q), words);
}

}  // namespace halfbyte::cuda::hadamard
