// What the kernels for q 2^p get, what is compiled of them, and their launch.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "cuda/hadamard/args.h"
#include "ops/hadamard_kernel.h"

namespace halfbyte::cuda::hadamard {

struct OrderArgs {
  Args rows;  // log2_n is p
  int q;
  int power;            // A holds +-2^-power, at most 1 / q: no sum is beyond the largest input
  int pieces;           // in all
  int together;         // pieces of a block
  int log2_parts;       // of the rows of A: warps that have the same columns
  bool scale_of_piece;  // made in the pass, one for each piece
};

// Signs of the tiles of A, [word][lane]: core/hadamard/order_tiles.h. 33 words at q = 172.
struct alignas(16) OrderSigns {
  std::uint32_t words[33 * 32];
};

struct OrderInstance {
  DType dtype;
  int most_tiles;  // ceil(q / 16) at most
  int chunk;       // columns that a warp has in phase 1
  bool one_rounding;
  bool full;       // codes and amax
  int most_warps;  // of an SM, by registers
  void (*kernel)(OrderArgs, OrderSigns);
};

std::span<const OrderInstance> orders_f16();
std::span<const OrderInstance> orders_bf16();

std::string_view reject_order(const HadamardProblem& p, const DeviceInfo& device);
double predict_order(const HadamardProblem& p, const DeviceInfo& device);
void launch_order(const HadamardProblem& p, const DeviceInfo& device);

}  // namespace halfbyte::cuda::hadamard
