// halfbyte bench: times and checks linear() over shapes, rows of x, types and schedules.
#include <algorithm>
#include <iostream>
#include <optional>

#include "bench/report.h"
#include "bench/table.h"
#include "checkpoint/atomic_write.h"
#include "cli/arguments.h"
#include "cli/bench_shapes.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace halfbyte::cli {
namespace {

struct Arguments {
  std::string m = "1,2,4,8,16", group = "128", dtype = "f16", device = "cpu";
  std::string schedule = "data-parallel,split-k,stream-k";
  std::optional<std::string> n, k, split;
  std::string checkpoint, format, model, json, html, output = "md";
  std::string cell_ms = "40";
  std::optional<std::string> rotate_mib;
  bool no_overlap = false, batch_invariant = false;
};

// Schedules in the order given, a split-k one once for each split factor.
std::vector<bench::Variant> parse_variants(const Arguments& a) {
  const std::vector<std::int64_t> splits =
      parse_integers({"bench", "--split"}, a.split.value_or("2,4,8"), 1, largest_split);
  std::vector<bench::Variant> variants;
  bool any_split = false;
  for (const std::string& text : split_list({"bench", "--schedule"}, a.schedule)) {
    const Schedule schedule = parse_schedule({"bench", "--schedule"}, text);
    if (!is_split_k(schedule)) {
      variants.push_back({schedule, 0});
      continue;
    }
    any_split = true;
    for (const std::int64_t split : splits) variants.push_back({schedule, split});
  }
  if (a.split && !any_split) {
    refuse(ErrorCode::arg, {"bench", "--split"}, *a.split + " with --schedule " + a.schedule,
           "a split-k schedule", "add split-k to --schedule or leave --split out");
  }
  return variants;
}

bench::BenchSettings parse_settings(const Arguments& a) {
  bench::BenchSettings settings;
  settings.m = parse_integers({"bench", "--m"}, a.m, 1, largest_extent);
  settings.dtypes.clear();
  for (const std::string& text : split_list({"bench", "--dtype"}, a.dtype)) {
    settings.dtypes.push_back(parse_dtype({"bench", "--dtype"}, text));
  }
  settings.variants = parse_variants(a);
  settings.device = parse_device({"bench", "--device"}, a.device);
  settings.cell_ms =
      static_cast<double>(parse_integer({"bench", "--cell-ms"}, a.cell_ms, 0, 3'600'000));
  settings.rotate_bytes = parse_rotation({"bench", "--rotate-mib"}, a.rotate_mib, settings.device);
  settings.overlaps = !a.no_overlap;
  settings.batch_invariant = a.batch_invariant;
  return settings;
}

// --n and --k pair up; a single value serves all of the other's.
std::vector<BenchSource> named_shapes(const Arguments& a, std::int64_t group) {
  if (!a.n && !a.k) return {};
  if (!a.n || !a.k) {
    refuse(ErrorCode::arg, {"bench", a.n ? "--k" : "--n"}, "nothing", "--n and --k together");
  }
  std::vector<std::int64_t> n = parse_integers({"bench", "--n"}, *a.n, 1, largest_extent);
  std::vector<std::int64_t> k = parse_integers({"bench", "--k"}, *a.k, 1, largest_extent);
  if (n.size() == 1) n.resize(k.size(), n.front());
  if (k.size() == 1) k.resize(n.size(), k.front());
  if (n.size() != k.size()) {
    refuse(ErrorCode::arg, {"bench", "--k"}, std::to_string(k.size()) + " values",
           std::to_string(n.size()) + " values, as many as --n");
  }
  return random_shapes(k, n, group);
}

// The command as it can be typed again.
std::string command_of(const CLI::App& verb) {
  std::string text = "halfbyte bench";
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() == 0 || option->get_name() == "--help") continue;
    text += " " + option->get_name() + " " + option->as<std::string>();
  }
  return text;
}

std::string print(const std::vector<bench::BenchRow>& rows, const std::string& format) {
  if (format == "json") return bench::to_json(rows);
  if (format == "csv") return bench::to_csv(rows);
  return bench::to_markdown(rows);
}

int bench_all(const Arguments& a, const std::string& command) {
  const bench::BenchSettings settings = parse_settings(a);
  const std::int64_t group = parse_group({"bench", "--group"}, a.group);
  if (a.output != "md" && a.output != "csv" && a.output != "json") {
    refuse(ErrorCode::arg, {"bench", "--output"}, '"' + a.output + '"', "md, csv or json");
  }
  std::vector<BenchSource> sources = named_shapes(a, group);
  if (!a.model.empty()) {
    for (BenchSource& source : model_shapes(a.model, group)) sources.push_back(std::move(source));
  }
  std::optional<Checkpoint> checkpoint;
  std::vector<std::filesystem::path> inputs;
  if (!a.checkpoint.empty()) {
    checkpoint = Checkpoint::open(a.checkpoint, {.format = a.format});
    inputs = files_of(*checkpoint);
    std::vector<BenchSource> shapes = checkpoint_shapes(*checkpoint);
    sources.insert(sources.begin(), shapes.begin(), shapes.end());
  }
  if (sources.empty()) {
    refuse(ErrorCode::arg, {"bench", "--n"}, "no shape", "--n and --k, --model or --checkpoint");
  }
  if (!a.json.empty()) refuse_output(a.json, "bench", "--json", inputs);
  if (!a.html.empty()) refuse_output(a.html, "bench", "--html", inputs);
  bench::refuse_unsupported(settings);

  Progress progress("bench");
  const double total = static_cast<double>(sources.size() * settings.m.size() *
                                           settings.dtypes.size() * settings.variants.size());
  double done = 0;
  const auto timer = bench::make_timer(settings.device);
  std::vector<bench::BenchRow> rows;
  for (const BenchSource& source : sources) {
    const std::string what =
        source.layer + " " + std::to_string(source.k) + "x" + std::to_string(source.n);
    progress.show(done, total, what);
    for (bench::BenchRow& row : bench::bench_linear(source.make(), settings, *timer,
                                                    [&] { progress.show(++done, total, what); })) {
      rows.push_back(std::move(row));
    }
  }
  progress.clear();

  if (!a.json.empty()) {
    checkpoint::write_file_atomically(a.json, bench::to_json(rows), "bench");
  }
  if (!a.html.empty()) {
    checkpoint::write_file_atomically(a.html, bench::to_html(rows, command), "bench");
  }
  std::cout << print(rows, a.output);
  const auto wrong =
      std::count_if(rows.begin(), rows.end(), [](const bench::BenchRow& row) { return !row.ok; });
  if (wrong > 0) {
    std::cerr << "halfbyte: bench: " << wrong << " of " << rows.size()
              << " rows are outside the accuracy gates\n";
  }
  return wrong > 0 ? 1 : 0;
}

}  // namespace

void add_bench(CLI::App& app, int& status) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("bench", "time and check linear() by shape and schedule");
  verb->add_option("--m", a->m, "rows of x, a list")->capture_default_str();
  verb->add_option("--n", a->n, "output features, a list");
  verb->add_option("--k", a->k, "input features, a list that pairs up with --n");
  verb->add_option("--group", a->group, "rows of W that share a scale, or -1")
      ->capture_default_str();
  verb->add_option("--dtype", a->dtype, "type of x and y, a list of f16, bf16, f32")
      ->capture_default_str();
  verb->add_option(
          "--schedule", a->schedule,
          "a list of auto, data-parallel, split-k, split-k-atomic, split-k-cluster, stream-k")
      ->capture_default_str();
  verb->add_option("--split", a->split, "slices of k for the split-k schedules, a list [2,4,8]");
  verb->add_option("--device", a->device, "cpu or cuda:I")->capture_default_str();
  verb->add_option("--checkpoint", a->checkpoint, "every quantised linear of this folder");
  verb->add_option("--format", a->format, "settles an ambiguous checkpoint, as in `apply`");
  verb->add_option("--model", a->model, "the shapes of a model with random weights: llama3-8b");
  verb->add_option("--json", a->json, "also write the rows as a JSON array");
  verb->add_option("--html", a->html, "also write one self-contained page with charts");
  verb->add_option("-o,--output", a->output, "what stdout gets: md, csv, json")
      ->capture_default_str();
  verb->add_option("--cell-ms", a->cell_ms, "milliseconds of calls for each row")
      ->capture_default_str();
  verb->add_option("--rotate-mib", a->rotate_mib,
                   "distinct weights that calls go through, MiB [128 or 4 caches; on a GPU 256]");
  verb->add_flag("--no-overlap", a->no_overlap,
                 "a kernel begins only when the one before it has ended");
  verb->add_flag("--batch-invariant", a->batch_invariant,
                 "rows of y have the same bits at every m");
  add_bench_hadamard(*verb, status);
  add_bench_splitk(*verb, status);
  verb->callback([a, verb, &status] {
    if (verb->get_subcommands().empty()) status = bench_all(*a, command_of(*verb));
  });
}

}  // namespace halfbyte::cli
