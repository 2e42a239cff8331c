// The experiment as text and as a page.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>

#include "bench/chart.h"
#include "bench/report.h"
#include "bench/splitk.h"
#include "bench/table.h"

namespace halfbyte::bench {
namespace {

using Lines = std::vector<std::vector<std::string>>;

std::string signed_percent(double part) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.0f %%", 100 * part);
  return text;
}

std::string ratio(double value) { return value > 0 ? short_number(value) : "-"; }

// Of each schedule and split of a group the row at its fastest tile.
std::vector<const BenchRow*> best_tiles(const RowGroup& group) {
  std::vector<const BenchRow*> best;
  for (const BenchRow* row : group.rows) {
    bool found = false;
    for (const BenchRow*& other : best) {
      if (variant_name(*other) != variant_name(*row)) continue;
      found = true;
      if (row->us_median < other->us_median) other = row;
    }
    if (!found) best.push_back(row);
  }
  return best;
}

const BenchRow* same_tile_baseline(const RowGroup& group, const BenchRow& row) {
  for (const BenchRow* other : group.rows) {
    if (other->schedule == "data-parallel" && tile_name(*other) == tile_name(row)) return other;
  }
  return nullptr;
}

std::string shape_name(const BenchRow& row) {
  return row.n == row.k ? std::to_string(row.n)
                        : std::to_string(row.k) + "x" + std::to_string(row.n);
}

Lines row_lines(const std::vector<BenchRow>& rows) {
  Lines lines = {{"n = k, or k x n", "m", "schedule", "tile", "us", "workers", "waves", "GB/s",
                  "of read", "x same tile", "x best tile", "check"}};
  for (const RowGroup& group : group_rows(rows)) {
    const std::vector<const BenchRow*> best = best_tiles(group);
    const BenchRow* baseline = nullptr;
    for (const BenchRow* row : best) {
      if (row->schedule == "data-parallel") baseline = row;
    }
    for (const BenchRow* row : best) {
      const BenchRow* same = same_tile_baseline(group, *row);
      lines.push_back(
          {shape_name(*row), std::to_string(row->m), variant_name(*row), tile_name(*row),
           short_number(row->us_median), std::to_string(row->workers), short_number(row->waves),
           short_number(row->gbps), short_number(row->frac_read_bw),
           ratio(same ? same->us_median / row->us_median : 0),
           ratio(baseline ? baseline->us_median / row->us_median : 0), row->ok ? "ok" : "FAIL"});
    }
  }
  return lines;
}

Lines gain_lines(const std::vector<BenchRow>& rows) {
  Lines lines = {{"over data-parallel", "average", "peak", "cells"}};
  for (const Gain& gain : gains(splitk_cells(rows))) {
    lines.push_back({gain.schedule + (gain.same_tile ? ", same tile" : ", each at its best tile"),
                     signed_percent(gain.average), signed_percent(gain.peak),
                     std::to_string(gain.cells)});
  }
  for (const PublishedGain& row : published_gains()) {
    lines.push_back({std::string("split-k: ") + row.what, row.average, row.peak, ""});
  }
  return lines;
}

std::string html_table(const Lines& lines) {
  std::string body;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    body += "<tr>";
    for (const std::string& cell : lines[l]) {
      const bool bad = cell == "FAIL";
      body += std::string(l == 0 ? "<th>"
                          : bad  ? "<td class='bad'>"
                                 : "<td>") +
              escape_html(cell) + (l == 0 ? "</th>" : "</td>");
    }
    body += "</tr>";
  }
  return "<div class='scroll'><table>" + body + "</table></div>\n";
}

std::set<std::int64_t> extents(const std::vector<BenchRow>& rows, std::int64_t BenchRow::* which) {
  std::set<std::int64_t> values;
  for (const BenchRow& row : rows) values.insert(row.*which);
  return values;
}

LineChart chart_over_n(const std::vector<BenchRow>& rows, const std::string& title,
                       const std::string& y_label) {
  LineChart chart{title, "n = k", y_label, {}, {}};
  for (const std::int64_t n : extents(rows, &BenchRow::n)) {
    chart.x_ticks.push_back({static_cast<double>(n), std::to_string(n)});
  }
  return chart;
}

// Adds a point to the curve of this name; a new curve takes the next colour.
void add_point(LineChart& chart, const std::string& name, Point point) {
  for (Curve& curve : chart.curves) {
    if (curve.name == name) return curve.points.push_back(point);
  }
  chart.curves.push_back({name, "c" + std::to_string(chart.curves.size() % 8), {point}});
}

std::string draw_with_legend(const std::vector<LineChart>& charts) {
  std::string legend, drawn;
  for (const LineChart& chart : charts) {
    if (legend.empty()) {
      for (const Curve& curve : chart.curves) {
        legend += "<span><i class='" + curve.style + "'></i>" + escape_html(curve.name) + "</span>";
      }
    }
    if (!chart.curves.empty()) drawn += "<div class='chart'>" + draw(chart) + "</div>";
  }
  return "<div class='legend'>" + legend + "</div>\n<div class='charts'>" + drawn + "</div>\n";
}

std::string speedup_charts(const std::vector<BenchRow>& rows) {
  std::vector<LineChart> charts;
  for (const std::int64_t m : extents(rows, &BenchRow::m)) {
    LineChart chart = chart_over_n(rows, "m = " + std::to_string(m), "times data-parallel (log)");
    for (const SplitKCell& cell : splitk_cells(rows)) {
      for (const SplitKCell::Other& other : cell.others) {
        const auto x = static_cast<double>(other.row->n);
        if (other.row->m != m) continue;
        if (other.over_same_tile() > 0) {
          add_point(chart, other.row->schedule + ", same tile", {x, other.over_same_tile(), 0, 0});
        }
        if (cell.data_parallel) {
          add_point(chart, other.row->schedule + ", each at its best tile",
                    {x, other.over_best_tile(cell), 0, 0});
        }
      }
    }
    charts.push_back(chart);
  }
  return draw_with_legend(charts);
}

std::string time_charts(const std::vector<BenchRow>& rows) {
  std::vector<LineChart> charts;
  for (const std::int64_t m : extents(rows, &BenchRow::m)) {
    LineChart chart = chart_over_n(rows, "m = " + std::to_string(m), "µs (log)");
    for (const RowGroup& group : group_rows(rows)) {
      if (group.first().m != m) continue;
      for (const BenchRow* row : best_tiles(group)) {
        add_point(chart, variant_name(*row),
                  {static_cast<double>(row->n), row->us_median, row->us_p10, row->us_p90});
      }
    }
    charts.push_back(chart);
  }
  return draw_with_legend(charts);
}

}  // namespace

std::string splitk_markdown(const std::vector<BenchRow>& rows) {
  if (rows.empty()) return "";
  return align(row_lines(rows), 4) + "\n" + align(gain_lines(rows), 1);
}

std::string splitk_html(const std::vector<BenchRow>& rows, const std::string& command) {
  std::vector<BenchRow> squares;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(squares),
               [](const BenchRow& row) { return row.n == row.k; });
  std::string body = "<h1>Split-K against data-parallel</h1>\n";
  if (rows.empty()) return html_page("halfbyte bench splitk", body + "<p>No rows.</p>");
  const BenchRow& row = rows.front();
  body += "<p class='soft'>The experiment of arXiv 2402.00025 on " + escape_html(row.device_name) +
          " (" + escape_html(row.device) + "), commit " + escape_html(row.commit) +
          ". Every result was checked against float64 before it was timed.</p>\n<h2>Gain over "
          "data-parallel</h2>\n<p class='soft'>Same tile: a schedule at its fastest tile over "
          "data-parallel with that tile. Each at its best tile: data-parallel may choose too.</p>" +
          html_table(gain_lines(rows)) +
          "<h2>Speed-up over n = k</h2>\n<p class='soft'>Above 1 the schedule is faster than "
          "data-parallel; the best split of each cell.</p>" +
          speedup_charts(squares) +
          "<h2>Time by schedule</h2>\n<p class='soft'>Median µs a call at the best tile of each "
          "schedule and split; bars from the 10th to the 90th percentile.</p>" +
          time_charts(squares) +
          "<h2>Rows</h2>\n<p class='soft'>The best tile of each schedule and split; tile: m x n x "
          "k, stages, warps. Waves: workers over SMs, or over the CPU's threads.</p>" +
          html_table(row_lines(rows)) + "<p>Again: <code>" + escape_html(command) + "</code></p>\n";
  return html_page("halfbyte bench splitk", body);
}

}  // namespace halfbyte::bench
