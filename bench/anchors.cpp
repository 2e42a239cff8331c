#include "bench/anchors.h"

#include <algorithm>
#include <cmath>

#include "bench/json_file.h"

namespace halfbyte::bench {
namespace {

// Absent and null both say "not known".
double number_or_zero(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? 0 : at->get<double>();
}

AnchorCell cell_from(const Json& object) {
  return {.k = object.at("k").get<std::int64_t>(),
          .n = object.at("n").get<std::int64_t>(),
          .m = object.at("m").get<std::int64_t>(),
          .group = object.at("group").get<std::int64_t>(),
          .best_us = object.at("best_peer_us").get<double>(),
          .best_peer = object.at("best_peer").get<std::string>(),
          .best_fp32_us = number_or_zero(object, "best_fp32_accum_us"),
          .read_floor_us = number_or_zero(object, "read_floor_us")};
}

bool is_of(const BenchRow& row, const AnchorCell& cell) {
  return row.ok && row.dtype == "f16" && row.bits == 4 && row.k == cell.k && row.n == cell.n &&
         row.m == cell.m && row.group == cell.group;
}

bool is_better(const BenchRow& row, const BenchRow* than) {
  if (than == nullptr) return true;
  const bool planned = row.requested == "auto", other_planned = than->requested == "auto";
  return planned != other_planned ? planned : row.us_median < than->us_median;
}

// Repeated medians of the anchors differ by 1 % up to m = 128 and by 3 % above (their README); ours
// by half of what lies between the 10th and 90th percentile.
double spread_of(const AnchorCell& cell, const BenchRow& row) {
  const double theirs = cell.m <= 128 ? 0.01 : 0.03;
  return std::max(theirs, (row.us_p90 - row.us_p10) / 2 / row.us_median);
}

}  // namespace

std::optional<Anchors> read_anchors(const std::filesystem::path& path, std::string_view function) {
  const Json file = read_json(path, function, "a file of rows, or of anchors");
  if (!file.is_object() || !file.contains("cells")) return std::nullopt;
  Anchors anchors;
  try {
    anchors.device = file.at("device").get<std::string>();
    for (const Json& cell : file.at("cells")) anchors.cells.push_back(cell_from(cell));
  } catch (const Json::exception& e) {
    refuse_file(path, function, ErrorCode::format,
                "cell " + std::to_string(anchors.cells.size()) + ": " + e.what(),
                "anchors as in bench/anchors/README.md");
  }
  return anchors;
}

std::vector<AnchorComparison> compare_with(const Anchors& anchors,
                                           const std::vector<BenchRow>& rows) {
  std::vector<AnchorComparison> all;
  for (const AnchorCell& cell : anchors.cells) {
    AnchorComparison one{.cell = &cell};
    for (const BenchRow& row : rows) {
      if (is_of(row, cell) && is_better(row, one.row)) one.row = &row;
    }
    if (one.row == nullptr) continue;
    one.ratio = one.row->us_median / cell.best_us;
    one.spread = spread_of(cell, *one.row);
    one.standing = one.ratio < 1 - one.spread   ? Standing::faster
                   : one.ratio > 1 + one.spread ? Standing::slower
                                                : Standing::tie;
    all.push_back(one);
  }
  return all;
}

}  // namespace halfbyte::bench
