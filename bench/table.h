// The rows as one table: a line for each shape and m, a column of times for each schedule.
#pragma once

#include <string>
#include <vector>

#include "bench/rows.h"

namespace halfbyte::bench {

// "split-k 4", "data-parallel", "auto": what a column or a curve is called.
std::string variant_name(const BenchRow& row);

// The distinct variants in the order of the rows.
std::vector<std::string> variants_of(const std::vector<BenchRow>& rows);

// The rows of one shape, type and m.
struct RowGroup {
  std::vector<const BenchRow*> rows;
  const BenchRow& first() const { return *rows.front(); }
  const BenchRow& fastest() const;
  const BenchRow* find(const std::string& variant) const;  // null when there is none
  double worst_err_over_bound() const;
  bool ok() const;
};
std::vector<RowGroup> group_rows(const std::vector<BenchRow>& rows);

// Lines of cells as a Markdown table with columns as wide as their widest cell, the first `left`
// columns flush left. The first line is the header.
std::string align(const std::vector<std::vector<std::string>>& lines, std::size_t left);

// A number with three significant digits, without an exponent for what fits a table.
std::string short_number(double v);

// Markdown, padded so that it also reads as plain text.
std::string to_markdown(const std::vector<BenchRow>& rows);

}  // namespace halfbyte::bench
