#include "bench/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>

namespace halfbyte::bench {
namespace {

auto key_of(const BenchRow& r) {
  return std::tie(r.op, r.device, r.layer, r.k, r.n, r.group, r.bits, r.dtype, r.m);
}

}  // namespace

std::string align(const std::vector<std::vector<std::string>>& lines, std::size_t left) {
  std::vector<std::size_t> width(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
  }
  std::string text;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    for (std::size_t i = 0; i < width.size(); ++i) {
      const std::string space(width[i] - lines[l][i].size(), ' ');
      text += "| " + (i < left ? lines[l][i] + space : space + lines[l][i]) + ' ';
    }
    text += "|\n";
    if (l > 0) continue;
    for (std::size_t i = 0; i < width.size(); ++i) {
      text += '|' + std::string(width[i] + 1, '-') + (i < left ? '-' : ':');
    }
    text += "|\n";
  }
  return text;
}

std::string variant_name(const BenchRow& row) {
  if (row.requested == "auto") return "auto";
  return row.schedule.starts_with("split-k") ? row.schedule + " " + std::to_string(row.split)
                                             : row.schedule;
}

std::vector<std::string> variants_of(const std::vector<BenchRow>& rows) {
  std::vector<std::string> names;
  for (const BenchRow& row : rows) {
    if (std::find(names.begin(), names.end(), variant_name(row)) == names.end()) {
      names.push_back(variant_name(row));
    }
  }
  return names;
}

const BenchRow& RowGroup::fastest() const {
  return **std::min_element(rows.begin(), rows.end(), [](const BenchRow* a, const BenchRow* b) {
    return a->us_median < b->us_median;
  });
}

const BenchRow* RowGroup::find(const std::string& variant) const {
  for (const BenchRow* row : rows) {
    if (variant_name(*row) == variant) return row;
  }
  return nullptr;
}

double RowGroup::worst_err_over_bound() const {
  double worst = 0;
  for (const BenchRow* row : rows) worst = std::max(worst, row->max_err_over_bound);
  return worst;
}

bool RowGroup::ok() const {
  return std::all_of(rows.begin(), rows.end(), [](const BenchRow* row) { return row->ok; });
}

std::vector<RowGroup> group_rows(const std::vector<BenchRow>& rows) {
  std::vector<RowGroup> groups;
  for (const BenchRow& row : rows) {
    auto same = std::find_if(groups.begin(), groups.end(), [&](const RowGroup& group) {
      return key_of(group.first()) == key_of(row);
    });
    if (same == groups.end()) {
      groups.push_back({{&row}});
    } else {
      same->rows.push_back(&row);
    }
  }
  return groups;
}

std::string short_number(double v) {
  if (!std::isfinite(v)) return "inf";
  if (v == 0) return "0";
  const int before_point = static_cast<int>(std::floor(std::log10(std::abs(v)))) + 1;
  char text[48];
  if (before_point < -3) {
    std::snprintf(text, sizeof text, "%.1e", v);
  } else {
    std::snprintf(text, sizeof text, "%.*f", std::clamp(3 - before_point, 0, 6), v);
  }
  return text;
}

std::string to_markdown(const std::vector<BenchRow>& rows) {
  const std::vector<std::string> variants = variants_of(rows);
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> header = {"weights", "type", "k x n", "group", "m"};
  for (const std::string& variant : variants) header.push_back(variant + " us");
  header.insert(header.end(), {"best GB/s", "of read", "over bound", "err/bound", "check"});
  lines.push_back(header);
  for (const RowGroup& group : group_rows(rows)) {
    const BenchRow& first = group.first();
    const BenchRow& best = group.fastest();
    std::vector<std::string> line = {first.layer, first.dtype,
                                     std::to_string(first.k) + "x" + std::to_string(first.n),
                                     std::to_string(first.group), std::to_string(first.m)};
    for (const std::string& variant : variants) {
      const BenchRow* row = group.find(variant);
      line.push_back(row ? short_number(row->us_median) : "-");
    }
    line.insert(
        line.end(),
        {short_number(best.gbps), short_number(best.frac_read_bw), short_number(best.us_over_bound),
         short_number(group.worst_err_over_bound()), group.ok() ? "ok" : "FAIL"});
    lines.push_back(line);
  }
  return align(lines, 3);
}

}  // namespace halfbyte::bench
