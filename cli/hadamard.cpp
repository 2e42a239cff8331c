// halfbyte hadamard: y = scale D_after H D_before x, through NPY files.
#include <optional>

#include "bench/device_copy.h"
#include "cli/arguments.h"
#include "cli/convert.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "halfbyte/halfbyte.h"

namespace halfbyte::cli {
namespace {

constexpr std::string_view verb_name = "hadamard";

struct Arguments {
  std::string x, y, dtype = "f16", device = "cpu", axis = "-1", kernel;
  std::string signs, signs_after, quantize, scaling = "per-row", scales;
  std::optional<std::string> block, scale, code_scale, group;
  bool transpose = false, fast = false;
};

Option option(std::string_view name) { return {verb_name, name}; }

float parse_number(Option where, const std::string& text) {
  std::size_t used = 0;
  float value = 0;
  try {
    value = std::stof(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (text.empty() || used != text.size()) refuse(ErrorCode::arg, where, text, "a number");
  return value;
}

DType code_type(const std::string& text) {
  if (text == "e4m3") return DType::e4m3;
  if (text == "e5m2") return DType::e5m2;
  if (text == "int8") return DType::i8;
  if (text == "int4") return DType::u8;
  refuse(ErrorCode::arg, option("--quantize"), '"' + text + '"', "e4m3, e5m2, int8 or int4");
}

HadamardScaling parse_scaling(const std::string& text) {
  if (text == "given") return HadamardScaling::given;
  if (text == "per-row") return HadamardScaling::per_row;
  if (text == "per-group") return HadamardScaling::per_group;
  refuse(ErrorCode::arg, option("--scaling"), '"' + text + '"', "given, per-row or per-group");
}

// A file of signs as i8: negative numbers flip.
std::vector<std::byte> read_signs(std::string_view name, const std::string& path, std::int64_t n) {
  const HostTensor file = read_npy(path);
  if (file.shape.size() != 1 || file.shape[0] != n) {
    refuse(ErrorCode::shape, option(name), std::to_string(file.shape[0]) + " numbers",
           "one for each of the " + std::to_string(n) + " elements of the axis");
  }
  std::vector<std::byte> signs(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    const bool negative = load_element(file.bytes.data(), file.dtype, i) < 0;
    signs[static_cast<std::size_t>(i)] = negative ? std::byte{0xFF} : std::byte{1};
  }
  return signs;
}

// What the options say of the codes, and the memory of their scales.
struct Codes {
  DType dtype{};
  std::vector<std::int64_t> scale_shape;
  std::vector<std::byte> scales;
};

Codes parse_codes(const Arguments& a, std::int64_t rows, std::int64_t n, HadamardOptions& options) {
  Codes codes{code_type(a.quantize), {rows}, {}};
  options.scaling = parse_scaling(a.scaling);
  const bool given = options.scaling == HadamardScaling::given;
  if (given != a.code_scale.has_value()) {
    refuse(ErrorCode::arg, option("--code-scale"), given ? "nothing" : *a.code_scale,
           given ? "the scale" : "no scale unless --scaling given");
  }
  if (given == !a.scales.empty()) {
    refuse(ErrorCode::arg, option("--scales"), given ? a.scales : "nothing",
           given ? "no file: the scale is given" : "a file for the scales");
  }
  std::int64_t count = given ? 1 : rows;
  if (options.scaling == HadamardScaling::per_group) {
    options.group = parse_integer(option("--group"), a.group.value_or("128"), 8, largest_extent);
    if (n % options.group != 0) {
      refuse(ErrorCode::range, option("--group"), std::to_string(options.group),
             "a multiple of 8 that divides n = " + std::to_string(n));
    }
    codes.scale_shape = {rows, n / options.group};
    count = rows * (n / options.group);
  } else if (a.group) {
    refuse(ErrorCode::arg, option("--group"), *a.group, "no group unless --scaling per-group");
  }
  codes.scales.resize(static_cast<std::size_t>(count) * sizeof(float));
  if (given) {
    store_element(codes.scales.data(), DType::f32, 0,
                  parse_number(option("--code-scale"), *a.code_scale));
  }
  return codes;
}

TensorView as_view(const DeviceMemory& memory, DType dtype, const std::vector<std::int64_t>& shape,
                   Device device) {
  return shape.size() == 1
             ? TensorView::vector(memory.data(), dtype, shape[0], device)
             : TensorView::matrix(memory.data(), dtype, shape[0], shape[1], -1, device);
}

void run(const Arguments& a) {
  const DType dtype = parse_dtype(option("--dtype"), a.dtype);
  const Device device = parse_device(option("--device"), a.device);
  HadamardOptions options{.transpose = a.transpose, .kernel = a.kernel};
  if (a.block) options.block = parse_integer(option("--block"), *a.block, 1, 65536);
  if (a.scale) options.scale = parse_number(option("--scale"), *a.scale);
  if (a.fast) options.precision = HadamardPrecision::fast;
  for (const auto& [name, path] : {std::pair{"--y", a.y}, std::pair{"--scales", a.scales}}) {
    if (!path.empty()) refuse_output(path, verb_name, name, {a.x, a.signs, a.signs_after});
  }

  const HostTensor x = convert(read_npy(a.x), dtype);
  const int rank = static_cast<int>(x.shape.size());
  options.axis = static_cast<int>(parse_integer(option("--axis"), a.axis, -rank, rank - 1));
  const auto axis = static_cast<std::size_t>((options.axis + rank) % rank);
  const std::int64_t n = x.shape[axis];
  const std::int64_t rows = rank == 1 ? 1 : x.shape[1 - axis];

  DeviceMemory before, after;
  if (!a.signs.empty()) {
    before = bench::copy_to(device, read_signs("--signs", a.signs, n));
    options.signs_before = TensorView::vector(before.data(), DType::i8, n, device);
  }
  if (!a.signs_after.empty()) {
    after = bench::copy_to(device, read_signs("--signs-after", a.signs_after, n));
    options.signs_after = TensorView::vector(after.data(), DType::i8, n, device);
  }
  HostTensor y{dtype, x.shape, {}};
  Codes codes;
  DeviceMemory scales;
  if (!a.quantize.empty()) {
    codes = parse_codes(a, rows, n, options);
    y.dtype = codes.dtype;
    if (codes.dtype == DType::u8) y.shape[axis] /= 2;
    scales = bench::copy_to(device, codes.scales);
    options.scales = TensorView::vector(scales.data(), DType::f32,
                                        static_cast<std::int64_t>(codes.scales.size() / 4), device);
  }
  y.bytes.resize(size_of(y.dtype));
  for (const std::int64_t extent : y.shape) {
    y.bytes.resize(y.bytes.size() * static_cast<std::size_t>(extent));
  }

  const DeviceMemory x_memory = bench::copy_to(device, x.bytes);
  const DeviceMemory y_memory(device, y.bytes.size());
  const TensorView from = as_view(x_memory, dtype, x.shape, device);
  const TensorView to = as_view(y_memory, y.dtype, y.shape, device);
  const DeviceMemory workspace(device, hadamard_workspace_size(from, to, options));
  options.workspace = workspace.data();
  options.workspace_bytes = workspace.size();
  hadamard(from, to, options);
  bench::copy_back(y.bytes, y_memory);  // waits for the kernel, and throws what it met

  write_npy(a.y, dtype == DType::bf16 && a.quantize.empty() ? convert(y, DType::f32) : y);
  if (a.scales.empty()) return;
  bench::copy_back(codes.scales, scales);
  write_npy(a.scales, {DType::f32, codes.scale_shape, codes.scales});
}

}  // namespace

void add_hadamard(CLI::App& app, int&) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb =
      app.add_subcommand("hadamard", "a Hadamard transform of rows, through NPY files");
  verb->add_option("--x", a->x, "input: float16 or float32, (m, n) or (n,)")->required();
  verb->add_option("--y", a->y, "output, replaced when it is whole")->required();
  verb->add_option("--axis", a->axis, "the axis that is transformed")->capture_default_str();
  verb->add_option("--block", a->block, "transform pieces of this size [the whole axis]");
  verb->add_option("--signs", a->signs, "(n,): elements to negate before, where negative");
  verb->add_option("--signs-after", a->signs_after, "(n,): elements to negate after");
  verb->add_option("--scale", a->scale, "factor of the result [1 / sqrt(size)]");
  verb->add_flag("--transpose", a->transpose, "by the transpose of H");
  verb->add_flag("--fast", a->fast, "allow intermediate values of 16 bits");
  verb->add_option("--quantize", a->quantize, "write codes: e4m3, e5m2, int8, int4");
  verb->add_option("--scaling", a->scaling, "scales of codes: given, per-row, per-group")
      ->capture_default_str();
  verb->add_option("--code-scale", a->code_scale, "the scale, with --scaling given");
  verb->add_option("--group", a->group, "elements of a scale, with --scaling per-group [128]");
  verb->add_option("--scales", a->scales, "output: the scales that were computed, float32");
  verb->add_option("--dtype", a->dtype, "type that x is rounded to: f16, bf16, f32")
      ->capture_default_str();
  verb->add_option("--device", a->device, "cpu or cuda:I")->capture_default_str();
  verb->add_option("--kernel", a->kernel, "a kernel's name (list-kernels) [chosen]");
  verb->callback([a] { run(*a); });
}

}  // namespace halfbyte::cli
