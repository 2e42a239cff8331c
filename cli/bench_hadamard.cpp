// halfbyte bench hadamard: transforms beside a copy of the same bytes, by size and element count.
#include <algorithm>
#include <iostream>

#include "bench/hadamard_bench.h"
#include "checkpoint/atomic_write.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace halfbyte::cli {
namespace {

constexpr std::string_view verb_name = "bench hadamard";

struct Arguments {
  std::string n = "128,256,512,1024,2048,4096,8192", elements = "33554432", dtype = "f16";
  std::string out = "same", place = "out,in", device = "cpu", kernel, json, output = "md";
  std::string cell_ms = "200", rotate_mib = "256";
  std::string rotary = "0";
  bool fast = false;
};

Option option(std::string_view name) { return {verb_name, name}; }

int run(const Arguments& a) {
  bench::HadamardSettings settings;
  settings.device = parse_device(option("--device"), a.device);
  settings.n = parse_integers(option("--n"), a.n, 1, 65536);
  settings.elements = parse_integers(option("--elements"), a.elements, 1, largest_extent);
  settings.dtypes.clear();
  for (const std::string& text : split_list(option("--dtype"), a.dtype)) {
    settings.dtypes.push_back(parse_dtype(option("--dtype"), text));
  }
  settings.out = split_list(option("--out"), a.out);
  constexpr std::string_view outs[] = {"same", "e4m3", "e5m2", "int8", "int4"};
  for (const std::string& out : settings.out) {
    if (std::find(std::begin(outs), std::end(outs), out) == std::end(outs)) {
      refuse(ErrorCode::arg, option("--out"), out, "a list of same, e4m3, e5m2, int8, int4");
    }
  }
  settings.in_place.clear();
  for (const std::string& place : split_list(option("--place"), a.place)) {
    if (place != "in" && place != "out")
      refuse(ErrorCode::arg, option("--place"), place, "in, out");
    settings.in_place.push_back(place == "in");
  }
  settings.fast = a.fast;
  settings.heads = parse_integer(option("--rotary"), a.rotary, 0, 1 << 20);
  settings.kernel = a.kernel;
  settings.cell_ms =
      static_cast<double>(parse_integer(option("--cell-ms"), a.cell_ms, 0, 3'600'000));
  settings.rotate_bytes =
      static_cast<std::size_t>(parse_integer(option("--rotate-mib"), a.rotate_mib, 0, 1 << 20))
      << 20;
  if (a.output != "md" && a.output != "json") {
    refuse(ErrorCode::arg, option("--output"), '"' + a.output + '"', "md or json");
  }
  if (!a.json.empty()) refuse_output(a.json, verb_name, "--json", {});

  Progress progress("bench hadamard");
  const auto timer = bench::make_timer(settings.device);
  const double total =
      static_cast<double>(settings.n.size() * settings.elements.size() * settings.dtypes.size() *
                          settings.out.size() * settings.in_place.size());
  double done = 0;
  const auto rows =
      bench::bench_hadamard(settings, *timer, [&] { progress.show(++done, total, "transforms"); });
  progress.clear();
  if (!a.json.empty()) {
    checkpoint::write_file_atomically(a.json, bench::to_json(rows), verb_name);
  }
  std::cout << (a.output == "json" ? bench::to_json(rows) : bench::to_markdown(rows));
  const auto wrong = std::count_if(rows.begin(), rows.end(), [](const auto& r) { return !r.ok; });
  if (wrong > 0) {
    std::cerr << "halfbyte: bench hadamard: " << wrong << " of " << rows.size()
              << " rows are outside the bound\n";
  }
  return wrong > 0 ? 1 : 0;
}

}  // namespace

void add_bench_hadamard(CLI::App& bench, int& status) {
  auto a = std::make_shared<Arguments>();
  CLI::App* verb = bench.add_subcommand("hadamard", "time and check hadamard() beside a copy");
  verb->add_option("--n", a->n, "sizes, a list")->capture_default_str();
  verb->add_option("--elements", a->elements, "elements of x, a list")->capture_default_str();
  verb->add_option("--dtype", a->dtype, "types of x, a list of f16, bf16, f32")
      ->capture_default_str();
  verb->add_option("--out", a->out, "types of y, a list of same, e4m3, e5m2, int8, int4")
      ->capture_default_str();
  verb->add_option("--place", a->place, "a list of in, out")->capture_default_str();
  verb->add_option("--rotary", a->rotary,
                   "rotary_hadamard() on tokens of so many heads of n; 0: hadamard()")
      ->capture_default_str();
  verb->add_flag("--fast", a->fast, "allow intermediate values of 16 bits");
  verb->add_option("--kernel", a->kernel, "a kernel's name [the planner's choice]");
  verb->add_option("--device", a->device, "cpu or cuda:I")->capture_default_str();
  verb->add_option("--json", a->json, "also write the rows as a JSON array");
  verb->add_option("-o,--output", a->output, "what stdout gets: md, json")->capture_default_str();
  verb->add_option("--cell-ms", a->cell_ms, "milliseconds of calls for each row")
      ->capture_default_str();
  verb->add_option("--rotate-mib", a->rotate_mib, "distinct x and y that calls go through, MiB")
      ->capture_default_str();
  verb->callback([a, &status] { status = run(*a); });
}

}  // namespace halfbyte::cli
