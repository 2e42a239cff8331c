// halfbyte bench splitk: what dividing k gains, by size, m, split and tile.
#include <algorithm>
#include <iostream>
#include <optional>

#include "bench/splitk.h"
#include "checkpoint/atomic_write.h"
#include "cli/arguments.h"
#include "cli/bench_shapes.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace halfbyte::cli {
namespace {

constexpr std::string_view verb_name = "bench splitk";

struct Arguments {
  std::string m = "1,2,4,8,16", split = "1,2,4,8,16", group = "128", dtype = "f16", device = "cpu";
  std::string schedule = "data-parallel,split-k,stream-k", kernel, json, html, cell_ms = "20";
  std::optional<std::string> sizes, k, rotate_mib;
  bool no_overlap = false;
};

Option option(std::string_view name) { return {verb_name, name}; }

// Data-parallel always, as what the others are compared with; it is also split 1.
std::vector<bench::Variant> parse_schedules(const Arguments& a) {
  std::vector<bench::Variant> variants = {{.schedule = Schedule::data_parallel}};
  for (const std::string& text : split_list(option("--schedule"), a.schedule)) {
    const Schedule schedule = parse_schedule(option("--schedule"), text);
    if (schedule == Schedule::data_parallel) continue;
    if (!is_split_k(schedule)) {
      variants.push_back({.schedule = schedule});
      continue;
    }
    for (const std::int64_t split : parse_integers(option("--split"), a.split, 1, largest_split)) {
      if (split > 1) variants.push_back({.schedule = schedule, .split = split});
    }
  }
  return variants;
}

int run(const Arguments& a, const std::string& command) {
  bench::BenchSettings settings;
  settings.device = parse_device(option("--device"), a.device);
  settings.m = parse_integers(option("--m"), a.m, 1, largest_extent);
  settings.dtypes = {parse_dtype(option("--dtype"), a.dtype)};
  settings.variants = parse_schedules(a);
  settings.choose_variants = bench::every_tile(settings.variants, a.kernel);
  settings.cell_ms =
      static_cast<double>(parse_integer(option("--cell-ms"), a.cell_ms, 0, 3'600'000));
  settings.rotate_bytes = parse_rotation(option("--rotate-mib"), a.rotate_mib, settings.device);
  settings.overlaps = !a.no_overlap;
  // A host takes minutes for the largest two of the paper's sizes.
  const bool gpu = settings.device.type == DeviceType::cuda;
  const std::vector<std::int64_t> sizes =
      parse_integers(option("--sizes"),
                     a.sizes.value_or(gpu ? "512,1024,2048,4096,8192,16384" : "512,1024,2048,4096"),
                     1, largest_extent);
  const std::vector<std::int64_t> k =
      a.k ? parse_integers(option("--k"), *a.k, 1, largest_extent) : sizes;
  if (k.size() != sizes.size()) {
    refuse(ErrorCode::arg, option("--k"), std::to_string(k.size()) + " values",
           std::to_string(sizes.size()) + ", as --sizes has");
  }
  const std::int64_t group = parse_group(option("--group"), a.group);
  if (!a.kernel.empty()) (void)kernel_menu(a.kernel);
  if (!a.json.empty()) refuse_output(a.json, verb_name, "--json", {});
  if (!a.html.empty()) refuse_output(a.html, verb_name, "--html", {});
  bench::refuse_unsupported(settings);

  Progress progress("bench splitk");
  const auto timer = bench::make_timer(settings.device);
  std::vector<bench::BenchRow> rows;
  double done = 0;
  for (const BenchSource& source : random_shapes(k, sizes, group)) {
    const std::string what = std::to_string(source.k) + "x" + std::to_string(source.n);
    progress.show(done, static_cast<double>(sizes.size()), what);
    for (bench::BenchRow& row : bench::bench_linear(source.make(), settings, *timer)) {
      rows.push_back(std::move(row));
    }
    ++done;
  }
  progress.clear();

  if (!a.json.empty()) {
    checkpoint::write_file_atomically(a.json, bench::to_json(rows), verb_name);
  }
  if (!a.html.empty()) {
    checkpoint::write_file_atomically(a.html, bench::splitk_html(rows, command), verb_name);
  }
  std::cout << bench::splitk_markdown(rows);
  const auto wrong =
      std::count_if(rows.begin(), rows.end(), [](const bench::BenchRow& row) { return !row.ok; });
  if (wrong > 0) {
    std::cerr << "halfbyte: bench splitk: " << wrong << " of " << rows.size()
              << " rows are outside the accuracy gates\n";
  }
  return wrong > 0 ? 1 : 0;
}

std::string command_of(const CLI::App& verb) {
  std::string text = "halfbyte bench splitk";
  for (const CLI::Option* given : verb.get_options()) {
    if (given->count() == 0 || given->get_name() == "--help") continue;
    text += " " + given->get_name() + " " + given->as<std::string>();
  }
  return text;
}

}  // namespace

void add_bench_splitk(CLI::App& bench, int& status) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = bench.add_subcommand(
      "splitk", "what dividing k gains over data-parallel: arXiv 2402.00025 on this device");
  verb->add_option("--sizes", a->sizes, "n = k, a list [512 ... 16384; on the CPU 512 ... 4096]");
  verb->add_option("--k", a->k, "k, a list that pairs up with --sizes, which are n then [n = k]");
  verb->add_option("--m", a->m, "rows of x, a list")->capture_default_str();
  verb->add_option("--split", a->split, "slices of k, a list; 1 is data-parallel")
      ->capture_default_str();
  verb->add_option("--schedule", a->schedule,
                   "a list of data-parallel, split-k, split-k-atomic, split-k-cluster, stream-k")
      ->capture_default_str();
  verb->add_option("--kernel", a->kernel, "whose tiles are tried [the planner's choice]");
  verb->add_option("--group", a->group, "rows of W that share a scale, or -1")
      ->capture_default_str();
  verb->add_option("--dtype", a->dtype, "type of x and y: f16, bf16, f32")->capture_default_str();
  verb->add_option("--device", a->device, "cpu or cuda:I")->capture_default_str();
  verb->add_option("--json", a->json, "also write every row as a JSON array");
  verb->add_option("--html", a->html, "also write one self-contained page with charts");
  verb->add_option("--cell-ms", a->cell_ms, "milliseconds of calls for each row")
      ->capture_default_str();
  verb->add_option("--rotate-mib", a->rotate_mib,
                   "distinct weights that calls go through, MiB [128 or 4 caches; on a GPU 256]");
  verb->add_flag("--no-overlap", a->no_overlap,
                 "a kernel begins only when the one before it has ended");
  verb->callback([a, verb, &status] { status = run(*a, command_of(*verb)); });
}

}  // namespace halfbyte::cli
