// halfbyte compare: is B faster than A, row by row.
//
// The times of a row are the interval from its 10th to its 90th percentile. Only intervals that do
// not touch are told apart; a median that moved inside the noise is no win.
#include <iostream>
#include <map>
#include <tuple>

#include "bench/rows.h"
#include "bench/table.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace halfbyte::cli {
namespace {

using bench::BenchRow;

enum class Change { same, fast, slow, ambiguous };

std::string_view name(Change change) {
  switch (change) {
    case Change::same:
      return "SAME";
    case Change::fast:
      return "FAST";
    case Change::slow:
      return "SLOW";
    case Change::ambiguous:
      return "AMBG";
  }
  return "";
}

bool holds(const BenchRow& row, double us) { return row.us_p10 <= us && us <= row.us_p90; }

Change judge(const BenchRow& a, const BenchRow& b) {
  if (b.us_p90 < a.us_p10) return Change::fast;
  if (b.us_p10 > a.us_p90) return Change::slow;
  const bool agree = holds(a, b.us_median) && holds(b, a.us_median);
  return agree ? Change::same : Change::ambiguous;
}

auto key_of(const BenchRow& r) {
  return std::make_tuple(r.op, r.device, r.layer, r.dtype, r.k, r.n, r.group, r.bits, r.m,
                         bench::variant_name(r));
}

void compare(const std::string& path_a, const std::string& path_b) {
  const std::vector<BenchRow> a = bench::read_rows(path_a, "compare");
  const std::vector<BenchRow> b = bench::read_rows(path_b, "compare");
  std::map<decltype(key_of(a.front())), const BenchRow*> before;
  for (const BenchRow& row : a) before[key_of(row)] = &row;

  std::map<Change, int> counts;
  int only_b = 0;
  std::cout << "verdict\tA us\tB us\tB/A\tshape\tm\tdtype\tschedule\tweights\n";
  for (const BenchRow& row : b) {
    const auto found = before.find(key_of(row));
    if (found == before.end()) {
      ++only_b;
      continue;
    }
    const BenchRow& old = *found->second;
    const Change change = judge(old, row);
    ++counts[change];
    std::cout << name(change) << '\t' << bench::short_number(old.us_median) << '\t'
              << bench::short_number(row.us_median) << '\t'
              << bench::short_number(row.us_median / old.us_median) << '\t' << row.k << 'x' << row.n
              << '\t' << row.m << '\t' << printable(row.dtype) << '\t'
              << printable(bench::variant_name(row)) << '\t' << printable(row.layer) << '\n';
    before.erase(found);
  }
  for (const Change change : {Change::fast, Change::same, Change::slow, Change::ambiguous}) {
    std::cerr << name(change) << ' ' << counts[change] << "  ";
  }
  std::cerr << "only in A " << before.size() << "  only in B " << only_b << '\n';
  if (!a.empty() && !b.empty() && a.front().device_name != b.front().device_name) {
    std::cerr << "halfbyte: compare: two machines: " << printable(a.front().device_name) << ", "
              << printable(b.front().device_name) << '\n';
  }
}

}  // namespace

void add_compare(CLI::App& app, int&) {
  auto paths = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* verb = app.add_subcommand("compare", "two benchmark files: faster, slower, the same");
  verb->add_option("a", paths->first, "rows before, a JSON file of `bench`")->required();
  verb->add_option("b", paths->second, "rows after")->required();
  verb->callback([paths] { compare(paths->first, paths->second); });
}

}  // namespace halfbyte::cli
