// halfbyte compare: is B faster than A, row by row; and are our rows faster than the anchors'.
//
// The times of a row are the interval from its 10th to its 90th percentile. Only intervals that do
// not touch are told apart; a median that moved inside the noise is no win.
#include <array>
#include <cmath>
#include <iostream>
#include <map>
#include <tuple>

#include "bench/anchors.h"
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

void warn_of_two_machines(const std::string& a, const std::string& b) {
  if (a == b) return;
  std::cerr << "halfbyte: compare: two machines: " << printable(a) << ", " << printable(b) << '\n';
}

void compare_rows(const std::string& path_a, const std::string& path_b) {
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
  if (!a.empty() && !b.empty()) {
    warn_of_two_machines(a.front().device_name, b.front().device_name);
  }
}

std::string_view name(bench::Standing standing) {
  constexpr std::array<std::string_view, 3> names{"FAST", "SAME", "SLOW"};
  return names[static_cast<std::size_t>(standing)];
}

std::string ratio_or_dash(double us, double other_us) {
  return other_us > 0 ? bench::short_number(us / other_us) : "-";
}

void compare_with_anchors(const bench::Anchors& anchors, const std::vector<BenchRow>& rows) {
  const auto all = bench::compare_with(anchors, rows);
  std::map<bench::Standing, int> counts;
  double sum_of_logs = 0;
  std::cout << "verdict\tours us\tbest us\tours/best\tours/best f32 sums\tours/floor\tspread\t"
               "shape\tm\tbest peer\tours\n";
  for (const bench::AnchorComparison& c : all) {
    ++counts[c.standing];
    sum_of_logs += std::log(c.ratio);
    const double us = c.row->us_median;
    std::cout << name(c.standing) << '\t' << bench::short_number(us) << '\t'
              << bench::short_number(c.cell->best_us) << '\t' << bench::short_number(c.ratio)
              << '\t' << ratio_or_dash(us, c.cell->best_fp32_us) << '\t'
              << ratio_or_dash(us, c.cell->read_floor_us) << '\t'
              << bench::short_number(100 * c.spread) << " %\t" << c.cell->k << 'x' << c.cell->n
              << '\t' << c.cell->m << '\t' << printable(c.cell->best_peer) << '\t'
              << printable(c.row->kernel + " " + bench::variant_name(*c.row)) << '\n';
  }
  for (const auto standing :
       {bench::Standing::faster, bench::Standing::tie, bench::Standing::slower}) {
    std::cerr << name(standing) << ' ' << counts[standing] << "  ";
  }
  if (!all.empty()) {
    std::cerr << "geometric mean of ours/best "
              << bench::short_number(std::exp(sum_of_logs / static_cast<double>(all.size())))
              << "  ";
  }
  std::cerr << "cells without a row " << anchors.cells.size() - all.size() << '\n';
  if (!rows.empty()) warn_of_two_machines(anchors.device, rows.front().device_name);
}

void compare(const std::string& path_a, const std::string& path_b) {
  if (const auto anchors = bench::read_anchors(path_a, "compare")) {
    compare_with_anchors(*anchors, bench::read_rows(path_b, "compare"));
  } else {
    compare_rows(path_a, path_b);
  }
}

}  // namespace

void add_compare(CLI::App& app, int&) {
  auto paths = std::make_shared<std::pair<std::string, std::string>>();
  CLI::App* verb = app.add_subcommand("compare", "two benchmark files: faster, slower, the same");
  verb->add_option("a", paths->first,
                   "rows before, a JSON file of `bench`; or a file of bench/anchors")
      ->required();
  verb->add_option("b", paths->second, "rows after")->required();
  verb->callback([paths] { compare(paths->first, paths->second); });
}

}  // namespace halfbyte::cli
