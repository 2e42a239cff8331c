#include "ops/hadamard_check.h"

#include <array>
#include <cmath>
#include <cstdlib>

#include "core/hadamard/signs.h"
#include "ops/check.h"

namespace halfbyte {
namespace {

using core::CodeKind;

constexpr std::array float_types{DType::f16, DType::bf16, DType::f32};
constexpr std::array sign_type{DType::i8};
constexpr std::array scale_type{DType::f32};

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

CodeKind kind_of(const ArgumentCheck& is_y, const TensorView& x, const TensorView& y) {
  switch (y.dtype) {
    case DType::e4m3:
      return CodeKind::e4m3;
    case DType::e5m2:
      return CodeKind::e5m2;
    case DType::i8:
      return CodeKind::int8;
    case DType::u8:
      return CodeKind::int4;
    default:
      is_y.dtype(y, std::array{x.dtype, DType::e4m3, DType::e5m2, DType::i8, DType::u8});
      return CodeKind::none;
  }
}

std::string listed_sizes() {
  std::string text = "2^p or q 2^p up to 65536, q in";
  for (const int q : core::hadamard_orders) text += " " + std::to_string(q);
  return text;
}

core::HadamardSize size_of_piece(std::string_view function, std::int64_t n, std::int64_t block) {
  const ArgumentCheck is{function, block == 0 ? "x" : "block"};
  const std::int64_t b = block == 0 ? n : block;
  if (block < 0 || (block > 0 && n % block != 0)) {
    is.fail(ErrorCode::shape, std::to_string(block),
            "a divisor of the axis, n = " + std::to_string(n));
  }
  const core::HadamardSize size = core::hadamard_size(b);
  if (size.q == 0 && b != 0) {
    is.fail(ErrorCode::shape, std::to_string(b) + " elements", listed_sizes(),
            "transform pieces of a smaller size: see block");
  }
  return b == 0 ? core::HadamardSize{1, 0} : size;
}

const std::int8_t* check_signs(std::string_view function, std::string_view argument,
                               const TensorView& signs, std::int64_t n, Device device) {
  if (signs.rank == 0 && signs.data == nullptr) return nullptr;
  const ArgumentCheck is{function, argument};
  is.rank(signs, 1);
  is.dtype(signs, sign_type);
  is.extent(signs, 0, "n", n);
  is.device(signs, device);
  if (n > 1 && signs.strides[0] != 1) {
    is.fail(ErrorCode::stride, std::to_string(signs.strides[0]), "unit stride");
  }
  return static_cast<const std::int8_t*>(signs.data);
}

float* check_floats(std::string_view function, std::string_view argument, const TensorView& t,
                    std::int64_t elements, Device device) {
  const ArgumentCheck is{function, argument};
  is.dtype(t, scale_type);
  is.device(t, device);
  if (t.rank < 1 || t.elements() != elements) {
    is.fail(ErrorCode::shape, std::to_string(t.rank < 1 ? 0 : t.elements()) + " elements",
            std::to_string(elements));
  }
  std::int64_t step = 1;
  for (int i = t.rank - 1; i >= 0; step *= t.shape[at(i)], --i) {
    if (t.shape[at(i)] > 1 && t.strides[at(i)] != step) {
      is.fail(ErrorCode::stride, std::to_string(t.strides[at(i)]), "contiguous memory");
    }
  }
  return static_cast<float*>(t.data);
}

void check_scales(std::string_view function, const HadamardOptions& options, HadamardProblem& p) {
  if (p.kind == CodeKind::none) {
    if (options.scaling != HadamardScaling::given || options.group != 0 ||
        options.scales.rank != 0) {
      ArgumentCheck{function, "scales"}.fail(ErrorCode::arg, "scales for a y that is not quantised",
                                             "none", "give y a type of 8 or 4 bits");
    }
    return;
  }
  p.scaling = options.scaling;
  if (options.group != 0 && options.scaling != HadamardScaling::per_group) {
    ArgumentCheck{function, "group"}.fail(ErrorCode::arg, std::to_string(options.group),
                                          "0 unless scales are per group");
  }
  if (options.scaling == HadamardScaling::per_row) p.group = p.n;
  if (options.scaling == HadamardScaling::per_group) {
    p.group = options.group;
    if (p.group < 8 || p.group % 8 != 0 || p.n % p.group != 0) {
      ArgumentCheck{function, "group"}.fail(
          ErrorCode::range, std::to_string(p.group),
          "a multiple of 8 that divides n = " + std::to_string(p.n));
    }
  }
  const std::int64_t groups = p.group == 0 ? 0 : p.n / p.group;
  const std::int64_t wanted = options.scaling == HadamardScaling::given ? 1 : p.rows() * groups;
  p.scales = check_floats(function, "scales", options.scales, wanted, p.device);
}

// Two batch axes become one where one step describes both, for x and y alike.
void merge_rows(HadamardProblem& p) {
  if (p.inner == 1 || p.outer == 1 ||
      (p.x_strides.outer == p.inner * p.x_strides.inner &&
       p.y_strides.outer == p.inner * p.y_strides.inner)) {
    if (p.inner != 1) {
      p.x_strides.outer = p.x_strides.inner;
      p.y_strides.outer = p.y_strides.inner;
    }
    p.outer *= p.inner;
    p.inner = 1;
    p.x_strides.inner = p.y_strides.inner = 0;
  }
}

bool same_view(const TensorView& x, const TensorView& y) {
  if (x.data != y.data || x.dtype != y.dtype) return false;
  for (int i = 0; i < x.rank; ++i) {
    if (x.shape[at(i)] > 1 && x.strides[at(i)] != y.strides[at(i)]) return false;
  }
  return true;
}

}  // namespace

HadamardProblem check_hadamard(std::string_view function, const TensorView& x, const TensorView& y,
                               const HadamardOptions& options) {
  const auto is = [&](std::string_view argument) { return ArgumentCheck{function, argument}; };
  if (x.rank < 1 || x.rank > 3) {
    is("x").fail(ErrorCode::shape, "rank " + std::to_string(x.rank), "rank 1, 2 or 3");
  }
  is("x").rank(x, x.rank);
  is("y").rank(y, x.rank);
  is("x").dtype(x, float_types);
  is("y").device(y, x.device);
  if (options.axis < -x.rank || options.axis >= x.rank) {
    is("axis").fail(ErrorCode::range, std::to_string(options.axis),
                    std::to_string(-x.rank) + " ... " + std::to_string(x.rank - 1));
  }
  const int axis = options.axis < 0 ? options.axis + x.rank : options.axis;

  HadamardProblem p{.x = x.data, .y = y.data, .x_dtype = x.dtype, .y_dtype = y.dtype};
  p.device = x.device;
  p.stream = options.stream;
  p.kind = kind_of(is("y"), x, y);
  p.n = x.shape[at(axis)];
  p.size = size_of_piece(function, p.n, options.block);
  if (p.kind == CodeKind::int4 && p.n % 2 != 0) {
    is("x").fail(ErrorCode::shape, "n = " + std::to_string(p.n), "an even n for 4-bit codes");
  }
  for (int i = 0; i < x.rank; ++i) {
    const bool packed = p.kind == CodeKind::int4 && i == axis;
    is("y").extent(y, i, "extent " + std::to_string(i), x.shape[at(i)] / (packed ? 2 : 1));
  }
  is("y").distinct_elements(y);

  // The other axes, outermost first.
  std::array<int, 2> batch{-1, -1};
  for (int i = 0, count = 0; i < x.rank; ++i) {
    if (i != axis) batch[at(count++)] = i;
  }
  p.x_strides.element = x.strides[at(axis)];
  p.y_strides.element = y.strides[at(axis)];
  p.outer = batch[0] < 0 ? 1 : x.shape[at(batch[0])];
  p.inner = batch[1] < 0 ? 1 : x.shape[at(batch[1])];
  if (batch[0] >= 0) p.x_strides.outer = x.strides[at(batch[0])];
  if (batch[0] >= 0) p.y_strides.outer = y.strides[at(batch[0])];
  if (batch[1] >= 0) p.x_strides.inner = x.strides[at(batch[1])];
  if (batch[1] >= 0) p.y_strides.inner = y.strides[at(batch[1])];
  merge_rows(p);

  p.in_place = same_view(x, y);
  p.transpose = options.transpose && !core::symmetric(p.size);
  p.fast = options.precision == HadamardPrecision::fast;
  p.scale = options.scale.value_or(
      static_cast<float>(1.0 / std::sqrt(static_cast<double>(p.size.n() > 0 ? p.size.n() : 1))));
  if (!std::isfinite(p.scale)) {
    is("scale").fail(ErrorCode::range, std::to_string(p.scale), "a finite number");
  }
  p.signs_before = check_signs(function, "signs_before", options.signs_before, p.n, x.device);
  p.signs_after = check_signs(function, "signs_after", options.signs_after, p.n, x.device);
  check_scales(function, options, p);
  if (options.amax.rank != 0 || options.amax.data != nullptr) {
    p.amax = check_floats(function, "amax", options.amax, 1, x.device);
  }
  return p;
}

void check_hadamard_memory(std::string_view function, const TensorView& x, const TensorView& y,
                           const HadamardOptions& options, const HadamardProblem& problem,
                           std::size_t workspace_needed, std::span<const OtherOperand> others) {
  constexpr std::size_t workspace_alignment = 64;
  const auto is = [&](std::string_view argument) { return ArgumentCheck{function, argument}; };
  const TensorView none{};
  struct Operand {
    std::string_view argument;
    const TensorView& view;
    bool written;
  };
  const std::array operands{
      Operand{"x", x, false},
      Operand{"y", y, true},
      Operand{"signs_before", options.signs_before, false},
      Operand{"signs_after", options.signs_after, false},
      Operand{"scales", problem.kind == CodeKind::none ? none : options.scales,
              options.scaling != HadamardScaling::given},
      Operand{"amax", options.amax, true},
  };
  for (const Operand& operand : operands) {
    if (operand.view.rank != 0) is(operand.argument).pointer(operand.view);
  }
  for (const OtherOperand& other : others) {
    if (other.view.rank != 0) is(other.argument).pointer(other.view);
  }
  if (options.workspace_bytes < workspace_needed ||
      (workspace_needed > 0 && options.workspace == nullptr)) {
    is("workspace")
        .fail(ErrorCode::workspace, std::to_string(options.workspace_bytes) + " bytes",
              std::to_string(workspace_needed) + " bytes", "see hadamard_workspace_size");
  }
  const auto begin = reinterpret_cast<std::uintptr_t>(options.workspace);
  if (workspace_needed > 0 && begin % workspace_alignment != 0) {
    is("workspace")
        .fail(ErrorCode::align, "an address that is no multiple of 64", "alignment to 64 bytes",
              "use halfbyte::Workspace");
  }
  const MemoryRange workspace{begin, begin + workspace_needed};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const MemoryRange range = memory_of(operands[i].view);
    if (workspace.overlaps(range)) {
      is("workspace")
          .fail(ErrorCode::alias, "memory of " + std::string(operands[i].argument),
                "memory of its own");
    }
    if (!operands[i].written) continue;
    for (const OtherOperand& other : others) {
      if (!range.overlaps(memory_of(other.view))) continue;
      is(operands[i].argument)
          .fail(ErrorCode::alias, "memory of " + std::string(other.argument), "memory of its own");
    }
    for (std::size_t j = 0; j < operands.size(); ++j) {
      if (j == i || (i == 1 && j == 0 && problem.in_place)) continue;
      if (!range.overlaps(memory_of(operands[j].view))) continue;
      is(operands[i].argument)
          .fail(ErrorCode::alias, "memory of " + std::string(operands[j].argument),
                "memory of its own",
                j == 0 ? "pass the very same view for in place" : std::string());
    }
  }
}

}  // namespace halfbyte
