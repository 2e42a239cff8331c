// What the kernels on panels get, what is compiled of them, and their launch.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/hadamard/panel.h"
#include "cuda/hadamard/args.h"
#include "ops/hadamard_kernel.h"

namespace halfbyte::cuda::hadamard {

struct PanelArgs {
  Args rows;  // log2_n is that of the columns
  int panel_rows;
  int power;       // A holds +-2^-power, at most 1 / rows: no sum is beyond the largest input
  int pieces;      // in all
  int log2_parts;  // blocks that share their pieces; each reads all of them
};

// Signs of the tiles of A: cuda/hadamard/tile_signs.h, ceil(tiles / 4) words a row of tiles.
struct alignas(16) PanelSigns {
  static constexpr int tiles = core::hadamard::order_tiles(core::hadamard::most_panel_rows);
  std::uint32_t words[tiles * core::hadamard::panel_row_words(tiles) * 32];
};

struct PanelInstance {
  int log2_chunks;
  bool one_rounding;
  Output output;
  int pieces;         // of a block
  int chunks;         // of a block's pieces
  int warpgroups;     // of a block
  int blocks_per_sm;  // by registers
  void (*kernel)(PanelArgs, PanelSigns);
};

std::span<const PanelInstance> panels_f16();
std::span<const PanelInstance> panels_bf16();

std::string_view needs_warpgroups(const DeviceInfo& device);
std::string_view reject_panel(const HadamardProblem& p, const DeviceInfo& device);
// Whether this kernel is the one for the problem's size, mode and output, whatever the number of
// rows: another one's sums round elsewhere, and a row has the same bits alone and among others.
bool prefers_panel(const HadamardProblem& p, const DeviceInfo& device);
double predict_panel(const HadamardProblem& p, const DeviceInfo& device);
void launch_panel(const HadamardProblem& p, const DeviceInfo& device);

}  // namespace halfbyte::cuda::hadamard
