#include "ops/rotary_check.h"

#include <array>

#include "ops/check.h"
#include "ops/hadamard_check.h"

namespace halfbyte {
namespace {

constexpr std::array x_types{DType::f16, DType::bf16};
constexpr std::array table_type{DType::f32};
constexpr std::array position_types{DType::i32, DType::i64};

// One table of angles: (positions, rotary_dim / 2), columns adjacent.
const float* check_table(const ArgumentCheck& is, const TensorView& table, Device device) {
  is.rank(table, 2);
  is.dtype(table, table_type);
  is.device(table, device);
  if (table.shape[1] > 1 && table.strides[1] != 1) {
    is.fail(ErrorCode::stride, std::to_string(table.strides[1]), "adjacent columns");
  }
  return static_cast<const float*>(table.data);
}

bool is_given(const TensorView& view) { return view.rank != 0 || view.data != nullptr; }

}  // namespace

RotaryProblem check_rotary(std::string_view function, const TensorView& x, const Rotary& rotary,
                           const TensorView& y, const HadamardOptions& options) {
  const auto is = [&](std::string_view argument) { return ArgumentCheck{function, argument}; };
  is("x").rank(x, 3);
  is("x").dtype(x, x_types);
  if (x.shape[2] > core::max_hadamard_size) {
    is("x").fail(ErrorCode::shape, "head_dim = " + std::to_string(x.shape[2]), "at most 65536");
  }
  if (options.axis != -1 && options.axis != 2) {
    is("axis").fail(ErrorCode::range, std::to_string(options.axis), "the last axis, -1");
  }
  RotaryProblem p{.heads = check_hadamard(function, x, y, options)};
  HadamardProblem& h = p.heads;
  h.outer = x.shape[0];
  h.inner = x.shape[1];
  h.x_strides = {x.strides[0], x.strides[1], x.strides[2]};
  h.y_strides = {y.strides[0], y.strides[1], y.strides[2]};

  p.cos = check_table(is("cos"), rotary.cos, x.device);
  p.sin = check_table(is("sin"), rotary.sin, x.device);
  is("sin").extent(rotary.sin, 0, "positions", rotary.cos.shape[0]);
  is("sin").extent(rotary.sin, 1, "rotary_dim / 2", rotary.cos.shape[1]);
  p.cos_step = rotary.cos.strides[0];
  p.sin_step = rotary.sin.strides[0];
  p.table_rows = rotary.cos.shape[0];
  p.rotary_dim = 2 * rotary.cos.shape[1];
  if (p.rotary_dim > h.n) {
    is("cos").fail(ErrorCode::shape, std::to_string(rotary.cos.shape[1]) + " pairs",
                   "at most head_dim / 2 = " + std::to_string(h.n / 2));
  }
  p.pairs = rotary.pairs;
  if (is_given(rotary.positions)) {
    is("positions").rank(rotary.positions, 1);
    is("positions").dtype(rotary.positions, position_types);
    is("positions").extent(rotary.positions, 0, "tokens", h.outer);
    is("positions").device(rotary.positions, x.device);
    p.positions = rotary.positions.data;
    p.positions_are_i64 = rotary.positions.dtype == DType::i64;
    p.positions_step = rotary.positions.strides[0];
  } else if (h.outer > p.table_rows) {
    is("cos").fail(ErrorCode::shape, std::to_string(p.table_rows) + " positions",
                   "one for each of " + std::to_string(h.outer) + " tokens", "or give positions");
  }
  return p;
}

void check_rotary_memory(const TensorView& x, const Rotary& rotary, const TensorView& y,
                         const HadamardOptions& options, const RotaryProblem& problem) {
  const std::array others{OtherOperand{"cos", rotary.cos}, OtherOperand{"sin", rotary.sin},
                          OtherOperand{"positions", rotary.positions}};
  check_hadamard_memory("rotary_hadamard", x, y, options, problem.heads, 0, others);
}

}  // namespace halfbyte
