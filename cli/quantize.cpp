// halfbyte quantize: a 4-bit checkpoint from a 16-bit one.
#include <iostream>

#include "bench/table.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "halfbyte/quantize.h"

namespace halfbyte::cli {
namespace {

struct Arguments {
  std::string from, to, bits = "4", group = "128", scales = "f16", skip;
  bool asymmetric = false, no_search = false;
  QuantizeCheckpointOptions options;
};

void quantize(Arguments& a) {
  QuantizeCheckpointOptions& options = a.options;
  options.bits = static_cast<int>(parse_integer({"quantize", "--bits"}, a.bits, 2, 8));
  options.group_size = parse_group({"quantize", "--group"}, a.group);
  options.symmetric = !a.asymmetric;
  options.search_clip = !a.no_search;
  options.scale_dtype = parse_dtype({"quantize", "--scales"}, a.scales);
  if (!a.skip.empty()) options.skip = split_list({"quantize", "--skip"}, a.skip);
  Progress progress("quantize");
  std::cout << "relative error  layer\n";
  quantize_checkpoint(a.from, a.to, options, [&](const QuantizeProgress& step) {
    progress.clear();
    std::cout << bench::short_number(step.relative_error) << "  " << printable(step.layer) << '\n';
    progress.show(static_cast<double>(step.done), static_cast<double>(step.total), step.layer);
  });
}

}  // namespace

void add_quantize(CLI::App& app, int&) {
  auto a = std::make_shared<Arguments>();
  QuantizeCheckpointOptions& o = a->options;
  CLI::App* verb = app.add_subcommand("quantize", "a 4-bit checkpoint from a 16-bit one");
  verb->add_option("from", a->from, "folder of the 16-bit checkpoint")->required();
  verb->add_option("to", a->to, "folder to write, made when it is missing")->required();
  verb->add_option("--format", o.format, "gptq, gptq_v2, compressed-tensors")
      ->capture_default_str();
  verb->add_option("--method", o.method, "rtn: round to nearest")->capture_default_str();
  verb->add_option("--bits", a->bits, "2, 3, 4, 8")->capture_default_str();
  verb->add_option("--group", a->group, "rows that share a scale: a multiple of 8, or -1")
      ->capture_default_str();
  verb->add_flag("--asymmetric", a->asymmetric, "store a zero point for each group");
  verb->add_flag("--no-clip-search", a->no_search, "scale by the largest weight of the group");
  verb->add_option("--scales", a->scales, "type of the scales: f16, bf16, f32")
      ->capture_default_str();
  verb->add_option("--importance", o.importance,
                   "safetensors file with the second moment of each input feature: act-order");
  verb->add_option("--skip", a->skip, "linears to leave as they are, a list [lm_head]");
  verb->add_flag("--resume", o.resume, "go on with an interrupted run");
  verb->callback([a] { quantize(*a); });
}

}  // namespace halfbyte::cli
