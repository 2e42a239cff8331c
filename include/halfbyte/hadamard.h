// hadamard: y = scale * D_after H D_before x for every row of x, H a Hadamard matrix and D diagonal
// matrices of signs; in place or not, rounded once or quantised in the same pass.
//
// Sizes: b = 2^p for 1 ... 65536, and b = q 2^p up to 65536 with q in {12, 20, 28, 36, 44, 52, 60,
// 108, 140, 148, 156, 172} (40 is 20 * 2). H is H_q (x) H_2^p with H_2^p in Sylvester's (natural)
// order, so entry (i, j) is hadamard_sign(b, i, j), H e_j is column j, and H H^T = b I. H is
// symmetric for q = 1, 28, 36, 148; for the others the inverse needs `transpose`.
//
// Rows: x and y are views of rank 1 ... 3 and of the same shape; the transform runs along `axis`,
// of extent n, for every position of the other axes. A middle axis is (outer, n, inner) with
// axis = 1: nothing is copied. Strides of x are any, those of y positive and without overlap.
// With `block` = b, each of the n / b pieces of a row is transformed on its own.
//
// Types: x in f16, bf16 or f32; y in x's type, or quantised: e4m3, e5m2, i8, or u8 with two 4-bit
// two's complement integers a byte (extent n / 2 along the axis, the even element in the low half).
// Sums are f32. A NaN or Inf reaches only the outputs of its own piece (and its scale).
//
// In place: y is the same view as x (data, strides, type). Any other overlap is E_ALIAS.
//
// A call allocates nothing, keeps no state and reads nothing back: on a GPU it is asynchronous in
// `stream` and may be captured. The CPU uses up to 600 KB of each thread's stack. The same call
// gives the same bits on every run and with any number of threads.
//
// Source: arXiv 2412.08832 (transform), arXiv 2404.00456 and 2405.16406 (what it is for).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "halfbyte/linear.h"  // KernelInfo, Rejection
#include "halfbyte/tensor.h"

namespace halfbyte {

enum class HadamardPrecision : std::uint8_t {
  one_rounding,  // as if in f32 throughout, rounded once at the output
  fast,          // a kernel may keep intermediate values in 16 bits
};

// Where the scales of a quantised output come from: x ~ code * scale. Scales are f32 memory on the
// device of x; code = round(value / scale), saturated to +-448, +-57344, +-127 or +-7. Computed
// scales are largest |value| / largest code, at least 2^-126.
enum class HadamardScaling : std::uint8_t {
  given,      // one scale, read from `scales`: (1,)
  per_row,    // written to `scales`: one for each row
  per_group,  // written to `scales`: one for each `group` adjacent elements of a row
};

struct HadamardOptions {
  int axis = -1;                 // -rank ... rank-1
  std::int64_t block = 0;        // b, dividing n; 0: n
  std::optional<float> scale{};  // finite; default 1 / sqrt(b)
  bool transpose = false;        // H^T in place of H
  // (n,) of i8, unit stride: a negative value flips the sign of that element of every row, any
  // other keeps it. Bytes and not x's type: half the traffic, and every content has a meaning, so
  // that memory on a device need not be read to be checked.
  TensorView signs_before{};
  TensorView signs_after{};
  HadamardPrecision precision = HadamardPrecision::one_rounding;
  // For quantised y. `scales` is contiguous: 1, rows or rows * n / group elements, rows in the
  // order of the other axes. `group` divides n and is a multiple of 8.
  HadamardScaling scaling = HadamardScaling::given;
  std::int64_t group = 0;
  TensorView scales{};
  // One f32 on the device of x: raised to the largest |value| before quantisation or rounding, for
  // the next call's scale. Start it at 0; several calls may raise the same one in turn. A NaN
  // stays.
  TensorView amax{};
  std::string_view kernel{};  // a kernel's name (list-kernels); empty: chosen
  void* workspace = nullptr;  // hadamard_workspace_size() bytes on x's device, 64-byte aligned
  std::size_t workspace_bytes = 0;
  void* stream = nullptr;  // cudaStream_t; unused on the CPU
};

// What hadamard() would do for a call, and why.
struct HadamardPlan {
  std::string kernel;
  double predicted_us = 0;
  std::size_t workspace_bytes = 0;
  std::vector<Rejection> rejected;  // every kernel that cannot run this call
};

// Errors of all three: E_DTYPE, E_SHAPE, E_STRIDE, E_RANGE (axis, scale, group), E_ARG (null
// pointer, unknown kernel), E_DEVICE, E_UNSUPPORTED; hadamard() adds E_ALIGN, E_WORKSPACE and
// E_ALIAS. Nothing is written then. No elements: no error and nothing to do.
void hadamard(const TensorView& x, const TensorView& y, const HadamardOptions& options = {});
HadamardPlan plan_hadamard(const TensorView& x, const TensorView& y,
                           const HadamardOptions& options = {});
std::size_t hadamard_workspace_size(const TensorView& x, const TensorView& y,
                                    const HadamardOptions& options = {});

// Every Hadamard kernel of this build, in the order of the table.
std::vector<KernelInfo> hadamard_kernels();

// Whether there is a transform of size n.
bool has_hadamard(std::int64_t n);
// +1 or -1: entry (i, j) of the matrix of size n. Errors: E_SHAPE (n), E_RANGE (i, j).
int hadamard_sign(std::int64_t n, std::int64_t i, std::int64_t j);

}  // namespace halfbyte
