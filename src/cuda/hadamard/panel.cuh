// Pieces of q 2^p elements as panels, y = A X H: core/hadamard/panel.h. Compute capability 9.0.
//
//   x                   shared memory      a warpgroup, 64 rows of A at a time
//   cp.async, 16 bytes  X, 16 bits, 64     A from packed signs in registers, X by wgmma; H of the
//   a thread            columns a chunk    columns by mma and butterflies; rounding; 16-byte stores
//
//   x is exact in 16 bits, so that A X takes one product in both modes; what it leaves is split for
//   one rounding as in transform.cuh. No barrier but for x: sums never leave their warp.
//   248 issue slots and 62 clocks of an SM are 256 elements at 4.3 TB/s. Of them, in one rounding:
//   tensor cores (rows + 15) / 8 + 8 clocks, 172 x 64 31; instructions about 100: 28 split sums, 24
//   are butterflies, 8 scale, 4 ... 16 make A of its signs: a block has two chunks of 64 columns at
//   least, also of two pieces, for each A.
//   shared     2 bytes an element and 2 KB a warp: four blocks an SM, three at 28672.
//   registers  64 sums, or 128 with 256 columns: 16 or 8 warps an SM.
#pragma once

#include "cuda/hadamard/panel.h"
#include "cuda/hadamard/panel_columns.cuh"
#include "cuda/ptx_warpgroup.cuh"

namespace halfbyte::cuda::hadamard {

// d (+)= a b for the warpgroup, by type.
__device__ inline void multiply_rows(HalfNumber, float (&d)[8][8], const std::uint32_t (&a)[4],
                                     std::uint32_t rows, bool adds) {
  ptx::multiply_rows_f16(d, a, rows, adds);
}
__device__ inline void multiply_rows(BFloatNumber, float (&d)[8][8], const std::uint32_t (&a)[4],
                                     std::uint32_t rows, bool adds) {
  ptx::multiply_rows_bf16(d, a, rows, adds);
}

template <class NumberType, int log2_chunks, bool one_rounding_, Output output_>
struct Panel {
  using Number = NumberType;
  static constexpr bool one_rounding = one_rounding_;
  static constexpr Output output = output_;
  static constexpr int piece_chunks = 1 << log2_chunks;  // of 64 columns
  static constexpr int pieces = piece_chunks == 1 ? 2 : 1;
  static constexpr int chunks = pieces * piece_chunks;  // of a block
  static constexpr int groups = 4 * chunks;             // of 16 columns
  static constexpr int log2_groups = 2 + log2_chunks;   // of a piece
  static constexpr int columns = 64 * piece_chunks;
  static constexpr int warpgroups = chunks == 4 ? 2 : 1;  // of a block
  static constexpr int threads = 128 * warpgroups;
  static constexpr int blocks_per_sm = chunks == 4 ? 1 : 4;
  static constexpr int batch = chunks == 4 ? 2 : 4;  // tiles of k that are multiplied together
};

// The first vector of a piece.
__device__ inline std::int64_t panel_vector(const Args& a, int panel_rows, int piece) {
  return static_cast<std::int64_t>(piece) * (panel_rows << (a.log2_n - 3));
}

// X of the block's pieces to shared memory, chunk after chunk, with zeros below it to a multiple of
// 16 rows. Of a missing last piece the one before it once more.
template <class K>
__device__ void copy_pieces(const PanelArgs& o, int first_piece, std::uint8_t* x_s) {
  constexpr unsigned row_units = 8 * K::piece_chunks, rows_at_once = K::threads / row_units;
  static_assert(rows_at_once % 8 == 0, "the turn of a thread's units stays");
  const Args& a = o.rows;
  const int tiles = map::order_tiles(o.panel_rows);
  const unsigned first_row = threadIdx.x / row_units, chunk = threadIdx.x / 8 % K::piece_chunks;
#pragma unroll
  for (int i = 0; i < K::pieces; ++i) {
    const int piece = min(first_piece + i, o.pieces - 1);
    const std::int64_t offset = a.vectors.offset(a.x_steps, panel_vector(a, o.panel_rows, piece));
    const auto* from_g = static_cast<const std::uint16_t*>(a.x) + offset + 8 * threadIdx.x;
    std::uint32_t to = ptx::shared_address(x_s) + map::chunk_bytes(tiles) * (i + chunk) +
                       16 * map::panel_place(first_row, threadIdx.x % 8);
#pragma unroll 4
    for (int first = 0; first < 16 * tiles; first += rows_at_once) {
      const int row = first + first_row;
      ptx::copy_16_bytes_or_zeros_async(to, from_g, row < o.panel_rows ? 16 : 0);
      from_g += 8 * K::threads;
      to += rows_at_once * map::chunk_row_bytes;
    }
  }
  ptx::commit_copies();
}

// The signs before, on the units that this thread has copied.
template <class K>
__device__ void flip_pieces(const PanelArgs& o, int first_piece, std::uint8_t* x_s) {
  constexpr unsigned row_units = 8 * K::piece_chunks;
  const int tiles = map::order_tiles(o.panel_rows);
  const int units = o.panel_rows * row_units;
  const unsigned chunk = threadIdx.x / 8 % K::piece_chunks;
#pragma unroll
  for (int i = 0; i < K::pieces; ++i) {
    const int piece = min(first_piece + i, o.pieces - 1);
    auto* const chunk_s = reinterpret_cast<uint4*>(x_s + map::chunk_bytes(tiles) * (i + chunk));
#pragma unroll 1
    for (int u = threadIdx.x; u < units; u += K::threads) {
      uint4& unit_s = chunk_s[map::panel_place(u / row_units, u % 8)];
      std::uint32_t x_r[4] = {unit_s.x, unit_s.y, unit_s.z, unit_s.w};
      flip_before(o.rows, panel_vector(o.rows, o.panel_rows, piece) + u, x_r);
      unit_s = {x_r[0], x_r[1], x_r[2], x_r[3]};
    }
  }
}

// A lane's packed signs of its warp's row of tiles: a word for four tiles. In registers, and early:
// they come from far, and all of them in shared memory would keep every block waiting (18944, fast:
// 107 us instead of 85).
struct RowSigns {
  std::uint32_t words[4];

  // By an address that the compiler does not see through: loads of constants take a lane after the
  // other. Beyond the last tile those of that tile.
  __device__ void load(const PanelSigns& signs, int tiles, int tile) {
    const int row_words = map::panel_row_words(tiles);
    const std::uint32_t* const from =
        ptx::opaque(signs.words) + 32 * row_words * min(tile, tiles - 1) + threadIdx.x % 32;
#pragma unroll
    for (int w = 0; w < 4; ++w) words[w] = w < row_words ? from[32 * w] : 0;
  }
  __device__ std::uint32_t next() {
    const std::uint32_t word = words[0];
#pragma unroll
    for (int w = 0; w < 3; ++w) words[w] = words[w + 1];
    return word;
  }
};

// `count` tiles of k. No branch between products, or the assembler has each wait for the one
// before: where not all are `whole`, those beyond the last are zeros times the last. (Pairs, of
// which one is multiplied while A of the next is made, spill: 11008 93 us instead of 80.)
template <class K, int count, bool whole>
__device__ void multiply_tiles(int first, int tiles, std::uint32_t signs, std::uint32_t power,
                               std::uint32_t x_rows, float (&v_r)[K::groups][8]) {
  std::uint32_t a_r[count][4];
#pragma unroll
  for (int k = 0; k < count; ++k) {
    const std::uint32_t ones = whole || first + k < tiles ? power : 0;
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      a_r[k][r] = ptx::and_or(signs << map::sign_bits(1, 0, k, r).shift, 0x80008000U, ones);
    }
  }
  ptx::begin_products();
#pragma unroll
  for (int k = 0; k < count; ++k) {
    const int tile = whole ? first + k : min(first + k, tiles - 1);
#pragma unroll
    for (int chunk = 0; chunk < K::chunks; chunk += 2) {
      auto& sums_r = *reinterpret_cast<float(*)[8][8]>(v_r + 4 * chunk);
      const unsigned byte = map::chunk_bytes(1) * tile + map::chunk_bytes(tiles) * chunk;
      multiply_rows(typename K::Number{}, sums_r, a_r[k], ptx::rows_after(x_rows, byte),
                    first + k > 0);
    }
  }
  ptx::wait_for_products(v_r);
}

// 64 rows of A times X.
template <class K>
__device__ void multiply_panel(const PanelArgs& o, RowSigns signs_r, std::uint32_t x_rows,
                               float (&v_r)[K::groups][8]) {
  const int tiles = map::order_tiles(o.panel_rows);
  const std::uint32_t power = K::Number::power(o.power) * 0x00010001U;
  int first = 0;
#pragma unroll 1
  for (; first + 4 <= tiles; first += 4) {
    const std::uint32_t signs = signs_r.next();
#pragma unroll
    for (int k = 0; k < 4; k += K::batch) {
      multiply_tiles<K, K::batch, true>(first + k, tiles, signs << 4 * k, power, x_rows, v_r);
    }
  }
  const std::uint32_t signs = signs_r.words[0];
  if (tiles - first > 2) {
#pragma unroll
    for (int k = 0; k < 4; k += K::batch) {
      multiply_tiles<K, K::batch, false>(first + k, tiles, signs << 4 * k, power, x_rows, v_r);
    }
  } else if (tiles > first) {
    multiply_tiles<K, 2, false>(first, tiles, signs, power, x_rows, v_r);
  }
}

// 16 rows of the block's pieces to y.
template <class K, core::CodeKind kind>
__device__ void store_pieces(const PanelArgs& o, int first_piece, int tile, float factor,
                             std::uint8_t* stage_s, int lane, const float (&v_r)[K::groups][8]) {
  const Args& a = o.rows;
#pragma unroll
  for (int chunk = 0; chunk < K::chunks; ++chunk) {
    const int piece = first_piece + chunk / K::piece_chunks;
    if (K::pieces > 1 && piece >= o.pieces) break;
    const std::int64_t vector = panel_vector(a, o.panel_rows, piece);
    const int first = 16 * tile * K::columns;
    PanelOut out{a.vectors.offset(a.y_steps, vector) + first, nullptr, o.panel_rows - 16 * tile};
    if (a.signs_after != nullptr)
      out.signs = a.signs_after + a.vectors.place(vector).column + first;
    stage_chunk<typename K::Number, kind>(stage_s, factor, lane,
                                          *reinterpret_cast<const float(*)[4][8]>(v_r + 4 * chunk));
    __syncwarp();
    store_chunk<kind, K::columns>(a, out, stage_s, lane, chunk % K::piece_chunks * 64);
    __syncwarp();
  }
}

template <class K>
__device__ void run_panel(const PanelArgs& o, const PanelSigns& signs) {
  using core::CodeKind;
  const Args& a = o.rows;
  auto* const x_s = ptx::aligned_dynamic_shared<std::uint8_t>();
  const int tiles = map::order_tiles(o.panel_rows);
  const int unit = blockIdx.x >> o.log2_parts, part = blockIdx.x - (unit << o.log2_parts);
  const int first_piece = unit * K::pieces;
  ptx::wait_for_previous_kernel();
  copy_pieces<K>(o, first_piece, x_s);
  ptx::start_next_kernel();
  const int ahead = first_piece + a.ahead * K::pieces;
  if (part == 0) {
    prefetch_vectors(a, panel_vector(a, o.panel_rows, ahead),
                     static_cast<int>(panel_vector(a, o.panel_rows, K::pieces)));
  }
  auto* const stages_s = x_s + map::chunk_bytes(tiles) * K::chunks;
  const float given = K::output == Output::values ? 0 : given_scale(a);
  // The compiler has to see that a warpgroup takes one way.
  const int step = K::warpgroups << o.log2_parts;
  int block = part * K::warpgroups + ptx::same_in_warp(threadIdx.x / 128);  // of 64 rows
  RowSigns signs_r;
  signs_r.load(signs, tiles, 4 * block + threadIdx.x / 32 % 4);
  ptx::wait_for_copies<0>();
  if (a.signs_before != nullptr) flip_pieces<K>(o, first_piece, x_s);
  ptx::show_to_matrices();
  __syncthreads();
  const std::uint32_t x_rows = ptx::matrix_rows(ptx::shared_address(x_s), map::chunk_bytes(tiles));
  std::uint8_t* const stage_s = stages_s + threadIdx.x / 32 * map::panel_stage_bytes;
  const int lane = threadIdx.x % 32;
#pragma unroll 1
  for (; 4 * block < tiles; block += step) {
    const int tile = 4 * block + threadIdx.x / 32 % 4;
    float v_r[K::groups][8];
    multiply_panel<K>(o, signs_r, x_rows, v_r);
    // As early as registers allow.
    if constexpr (K::chunks == 4) signs_r.load(signs, tiles, tile + 4 * step);
    if (tile < tiles) {
      transform_columns<typename K::Number, K::one_rounding, K::log2_groups>(lane, v_r);
    }
    if constexpr (K::chunks < 4) signs_r.load(signs, tiles, tile + 4 * step);
    if (tile < tiles) {
      if constexpr (K::output == Output::given) {
        const float factor = code_factor(a, given, v_r);
        with_kind(a.kind, [&]<CodeKind kind>() {
          store_pieces<K, kind>(o, first_piece, tile, factor, stage_s, lane, v_r);
        });
      } else {
        store_pieces<K, CodeKind::none>(o, first_piece, tile, a.factor, stage_s, lane, v_r);
      }
    }
    __syncwarp();
  }
}

template <class K>
__global__ void __launch_bounds__(K::threads, K::blocks_per_sm)
    panel_kernel(const __grid_constant__ PanelArgs o, const __grid_constant__ PanelSigns signs) {
  if constexpr (ptx::has_warpgroups) run_panel<K>(o, signs);
}

}  // namespace halfbyte::cuda::hadamard
