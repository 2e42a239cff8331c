// halfbyte apply: y = linear(x) for one layer of a checkpoint, through NPY files.
#include <iostream>

#include "bench/device_copy.h"
#include "cli/arguments.h"
#include "cli/convert.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "halfbyte/halfbyte.h"

namespace halfbyte::cli {
namespace {

struct Arguments {
  std::string checkpoint, layer, x, y, schedule = "auto", dtype = "f16", device = "cpu", format;
  std::optional<std::string> split;
};

LinearOptions parse_options(const Arguments& a) {
  LinearOptions options;
  options.schedule = parse_schedule({"apply", "--schedule"}, a.schedule);
  if (!a.split) return options;
  options.split = parse_integer({"apply", "--split"}, *a.split, 1, largest_split);
  if (!is_split_k(options.schedule)) {
    refuse(ErrorCode::arg, {"apply", "--split"}, *a.split + " with --schedule " + a.schedule,
           "a split-k schedule", "add --schedule split-k or leave --split out");
  }
  return options;
}

void apply(const Arguments& a) {
  LinearOptions options = parse_options(a);
  const DType dtype = parse_dtype({"apply", "--dtype"}, a.dtype);
  const Device device = parse_device({"apply", "--device"}, a.device);
  refuse_output(a.y, "apply", "--y", {a.x});

  const Checkpoint model = Checkpoint::open(a.checkpoint, {.format = a.format});
  refuse_output(a.y, "apply", "--y", files_of(model));
  const LayerInfo& layer = model.layer(a.layer);
  const HostTensor given = read_npy(a.x);
  if (given.shape.empty() || given.shape.back() != layer.k) {
    refuse(ErrorCode::shape, {"apply", "--x"},
           "k = " + (given.shape.empty() ? "none" : std::to_string(given.shape.back())),
           "k = " + std::to_string(layer.k), "save x as (m, " + std::to_string(layer.k) + ")");
  }
  const bool one_row = given.shape.size() == 1;
  const std::int64_t m = one_row ? 1 : given.shape[0];
  const HostTensor x = convert(given, dtype);

  const PackedWeight weight = pack(model.load(a.layer), device);
  const DeviceMemory x_memory = bench::copy_to(device, x.bytes);
  const std::optional<HostTensor> bias = model.bias(a.layer);
  DeviceMemory bias_memory;
  if (bias) {
    bias_memory = bench::copy_to(device, bias->bytes);
    options.bias = TensorView::vector(bias_memory.data(), bias->dtype, layer.n, device);
  }
  HostTensor y{dtype, one_row ? std::vector{layer.n} : std::vector{m, layer.n}, {}};
  y.bytes.resize(static_cast<std::size_t>(m * layer.n) * size_of(dtype));
  const DeviceMemory y_memory(device, y.bytes.size());

  const auto x_rows = TensorView::matrix(x_memory.data(), dtype, m, layer.k, -1, device);
  const auto y_rows = TensorView::matrix(y_memory.data(), dtype, m, layer.n, -1, device);
  const DeviceMemory workspace(device, linear_workspace_size(x_rows, weight, y_rows, options));
  options.workspace = workspace.data();
  options.workspace_bytes = workspace.size();
  linear(x_rows, weight, y_rows, options);
  bench::copy_back(y.bytes, y_memory);  // waits for the kernel, and throws what it met

  // NPY has no bf16: its values are written as the f32 that they are.
  write_npy(a.y, dtype == DType::bf16 ? convert(y, DType::f32) : y);
}

}  // namespace

void add_apply(CLI::App& app, int&) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("apply", "y = linear(x) for one layer, through NPY files");
  verb->add_option("checkpoint", a->checkpoint, "folder of the checkpoint")->required();
  verb->add_option("layer", a->layer, "tensor prefix, e.g. model.layers.0.mlp.down_proj")
      ->required();
  verb->add_option("--x", a->x, "input: float16 or float32, (m, k) or (k,)")->required();
  verb->add_option("--y", a->y, "output, replaced when it is whole")->required();
  verb->add_option("--schedule", a->schedule,
                   "auto, data-parallel, split-k, split-k-atomic, split-k-cluster, stream-k")
      ->capture_default_str();
  verb->add_option("--split", a->split, "slices of k, 1 to 2147483647, with a split-k schedule");
  verb->add_option("--dtype", a->dtype, "type that x is rounded to: f16, bf16, f32")
      ->capture_default_str();
  verb->add_option("--device", a->device, "cpu or cuda:I")->capture_default_str();
  verb->add_option(
      "--format", a->format,
      "gptq, gptq_v2, awq, compressed-tensors, mxfp4: settles an ambiguous checkpoint");
  verb->callback([a] { apply(*a); });
}

}  // namespace halfbyte::cli
