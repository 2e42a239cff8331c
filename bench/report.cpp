#include "bench/report.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

#include "bench/chart.h"
#include "bench/report_style.h"
#include "bench/table.h"

namespace halfbyte::bench {
namespace {

constexpr std::size_t colours = 8;

std::string style_of(std::size_t variant) { return "c" + std::to_string(variant % colours); }
std::string percent(double part) { return short_number(100 * part) + " %"; }

std::string tag(const std::string& name, const std::string& content,
                const std::string& style = "") {
  return "<" + name + (style.empty() ? "" : " class='" + style + "'") + ">" + content + "</" +
         name + ">";
}

// Everything that the sections below need of the rows.
struct Data {
  const std::vector<BenchRow>& rows;
  std::vector<RowGroup> groups;
  std::vector<std::string> variants;
  std::set<std::int64_t> ms;
};

std::string shape_name(const BenchRow& row) {
  return std::to_string(row.k) + "×" + std::to_string(row.n);
}

// What tells the shapes of a page apart.
std::string shape_title(const BenchRow& row) {
  return (row.k == row.n && row.layer == "random" ? "" : row.layer + ", ") + shape_name(row) +
         (row.dtype == "f16" ? "" : ", " + row.dtype);
}

std::string legend(const Data& data, bool bound) {
  std::string html;
  for (std::size_t v = 0; v < data.variants.size(); ++v) {
    html += "<span><i class='" + style_of(v) + "'></i>" + escape_html(data.variants[v]) + "</span>";
  }
  if (bound)
    html += "<span><i class='bound'></i>bound: max(bytes / read, m·n·k / multiply-adds)</span>";
  return "<div class='legend'>" + html + "</div>\n";
}

// One curve per variant and the bound, over the groups given, with x(row) as the abscissa.
template <typename X>
std::vector<Curve> curves_over(const std::vector<const RowGroup*>& groups, const Data& data,
                               X&& x) {
  std::vector<Curve> curves;
  Curve bound{"bound", "bound", {}};
  for (const RowGroup* group : groups) {
    const BenchRow& best = group->fastest();
    bound.points.push_back({x(best), best.bound_us, 0, 0});
  }
  curves.push_back(bound);
  for (std::size_t v = 0; v < data.variants.size(); ++v) {
    Curve curve{data.variants[v], style_of(v), {}};
    for (const RowGroup* group : groups) {
      const BenchRow* row = group->find(data.variants[v]);
      if (row) curve.points.push_back({x(*row), row->us_median, row->us_p10, row->us_p90});
    }
    if (!curve.points.empty()) curves.push_back(curve);
  }
  return curves;
}

std::string section(const std::string& title, const std::string& text, const std::string& body) {
  return tag("h2", title) + "<p class='soft'>" + text + "</p>\n" + body;
}

// Time over n = k, one chart for each m.
std::string square_shapes(const Data& data) {
  std::string charts;
  for (const std::int64_t m : data.ms) {
    std::vector<const RowGroup*> squares;
    for (const RowGroup& group : data.groups) {
      const BenchRow& row = group.first();
      if (row.m == m && row.k == row.n && row.dtype == data.groups.front().first().dtype &&
          (squares.empty() || squares.back()->first().n < row.n)) {
        squares.push_back(&group);
      }
    }
    if (squares.size() < 2) continue;
    LineChart chart{"m = " + std::to_string(m), "n = k", "µs (log)", {}, {}};
    for (const RowGroup* group : squares) {
      chart.x_ticks.push_back(
          {static_cast<double>(group->first().n), std::to_string(group->first().n)});
    }
    chart.curves =
        curves_over(squares, data, [](const BenchRow& r) { return static_cast<double>(r.n); });
    charts += tag("div", draw(chart), "chart");
  }
  if (charts.empty()) return "";
  return section("Time by schedule over n = k",
                 "Median time of one product y = x·W, one chart for each number of rows m of x; "
                 "thin bars reach from the 10th to the 90th percentile. Lower is better.",
                 legend(data, true) + tag("div", charts, "charts"));
}

// Time over m, one chart for each shape.
std::string all_shapes(const Data& data) {
  if (data.ms.size() < 2) return "";
  std::string charts;
  for (std::size_t first = 0; first < data.groups.size();) {
    std::vector<const RowGroup*> same;
    const std::string title = shape_title(data.groups[first].first());
    std::size_t g = first;
    for (; g < data.groups.size() && shape_title(data.groups[g].first()) == title; ++g) {
      same.push_back(&data.groups[g]);
    }
    first = g;
    if (same.size() < 2) continue;
    LineChart chart{title, "m", "µs (log)", {}, {}};
    for (const RowGroup* group : same) {
      chart.x_ticks.push_back(
          {static_cast<double>(group->first().m), std::to_string(group->first().m)});
    }
    chart.curves =
        curves_over(same, data, [](const BenchRow& r) { return static_cast<double>(r.m); });
    charts += tag("div", draw(chart), "chart");
  }
  return section("Time by schedule over m",
                 "The same for every shape: k×n is input features × output features.",
                 legend(data, true) + tag("div", charts, "charts"));
}

BarGroup bar_group(const BenchRow& row) {
  return {shape_name(row), row.layer == "random" ? "" : row.layer, {}};
}

std::string bandwidth_bars(const Data& data) {
  const std::int64_t m = *data.ms.begin();
  BarChart chart{"m = " + std::to_string(m), "fraction of read bandwidth", 1, {}};
  for (const RowGroup& group : data.groups) {
    if (group.first().m != m) continue;
    BarGroup bars = bar_group(group.first());
    for (std::size_t v = 0; v < data.variants.size(); ++v) {
      if (const BenchRow* row = group.find(data.variants[v])) {
        bars.bars.push_back({style_of(v), row->frac_read_bw,
                             row->layer + ", " + data.variants[v] + ": " + short_number(row->gbps) +
                                 " GB/s, " + percent(row->frac_read_bw)});
      }
    }
    chart.groups.push_back(bars);
  }
  return section(
      "How much of the memory's bandwidth is used",
      "Bytes that the product must move (packed weights, scales, zeros, x, y, each once) "
      "over time, beside what plain streaming reads reach with the same threads in the "
      "same run: the dashed line. Higher is better.",
      legend(data, false) + tag("div", draw(chart), "chart wide"));
}

std::string bound_bars(const Data& data) {
  BarChart chart{"fastest schedule of each m", "time / bound", 1, {}};
  std::string legend;
  std::size_t colour = 0;
  std::map<std::int64_t, std::string> style;
  for (const std::int64_t m : data.ms) {
    style[m] = style_of(colour++);
    legend += "<span><i class='" + style[m] + "'></i>m = " + std::to_string(m) + "</span>";
  }
  for (std::size_t first = 0; first < data.groups.size();) {
    const std::string title = shape_title(data.groups[first].first());
    BarGroup bars = bar_group(data.groups[first].first());
    for (; first < data.groups.size() && shape_title(data.groups[first].first()) == title;
         ++first) {
      const BenchRow& best = data.groups[first].fastest();
      bars.bars.push_back({style[best.m], best.us_over_bound,
                           "m = " + std::to_string(best.m) + ", " + variant_name(best) + ": " +
                               short_number(best.us_over_bound)});
    }
    chart.groups.push_back(bars);
  }
  return section(
      "How far from what the machine allows",
      "The bound (dashed) is the larger of bytes / read bandwidth and m·n·k / fp32 "
      "multiply-adds, both measured between the timed calls. Kernels that multiply integers "
      "can pass it, and so can weights that fit a cache. Lower is better.",
      tag("div", legend, "legend") + tag("div", draw(chart), "chart wide"));
}

std::string summary_table(const Data& data) {
  std::string head = tag("th", "weights") + tag("th", "k×n") + tag("th", "group") +
                     tag("th", "type") + tag("th", "m");
  for (const std::string& variant : data.variants) head += tag("th", escape_html(variant) + " µs");
  for (const char* title : {"GB/s", "of read", "over bound", "err / bound", "check"}) {
    head += tag("th", title);
  }
  std::string body;
  std::string last;
  for (const RowGroup& group : data.groups) {
    const BenchRow& first = group.first();
    const BenchRow& best = group.fastest();
    std::string cells = tag("td", escape_html(first.layer)) + tag("td", shape_name(first)) +
                        tag("td", std::to_string(first.group)) + tag("td", first.dtype) +
                        tag("td", std::to_string(first.m));
    for (const std::string& variant : data.variants) {
      const BenchRow* row = group.find(variant);
      cells += tag("td", row ? short_number(row->us_median) : "–", row == &best ? "best" : "");
    }
    cells += tag("td", short_number(best.gbps)) + tag("td", percent(best.frac_read_bw)) +
             tag("td", short_number(best.us_over_bound)) +
             tag("td", short_number(group.worst_err_over_bound())) +
             tag("td", group.ok() ? "ok" : "FAIL", group.ok() ? "" : "bad");
    body += tag("tr", cells, shape_title(first) == last ? "" : "first");
    last = shape_title(first);
  }
  return section(
      "All shapes",
      "Median µs by schedule, the fastest in bold; GB/s, fraction of read bandwidth and "
      "time over bound are the fastest's. err / bound: the largest error of all schedules "
      "and layers against float64, over the bound of docs/accuracy.md.",
      tag("div", tag("table", tag("tr", head) + body), "scroll"));
}

std::string every_row(const Data& data) {
  std::string body;
  for (const char* title :
       {"weights", "k×n", "m", "type", "schedule", "kernel", "µs median", "p10", "p90", "calls",
        "GB/s", "read GB/s", "Gmac/s probe", "rel. L2 error", "err / bound", "rotated MB"}) {
    body += tag("th", title);
  }
  body = tag("tr", body);
  for (const BenchRow& r : data.rows) {
    body +=
        tag("tr", tag("td", escape_html(r.layer)) + tag("td", shape_name(r)) +
                      tag("td", std::to_string(r.m)) + tag("td", escape_html(r.dtype)) +
                      tag("td", escape_html(variant_name(r))) + tag("td", escape_html(r.kernel)) +
                      tag("td", short_number(r.us_median)) + tag("td", short_number(r.us_p10)) +
                      tag("td", short_number(r.us_p90)) + tag("td", std::to_string(r.samples)) +
                      tag("td", short_number(r.gbps)) + tag("td", short_number(r.read_gbps)) +
                      tag("td", short_number(r.fma_gmacs)) + tag("td", short_number(r.rel_l2_err)) +
                      tag("td", short_number(r.max_err_over_bound), r.ok ? "" : "bad") +
                      tag("td", short_number(r.rotated_bytes / 1e6)));
  }
  return "<details><summary>Every row (" + std::to_string(data.rows.size()) + ")</summary>" +
         tag("div", tag("table", body), "scroll") + "</details>\n";
}

std::string fact(const std::string& value, const std::string& what) {
  return tag("div", tag("b", escape_html(value)) + tag("span", what), "fact");
}

std::string facts(const Data& data) {
  const BenchRow& row = data.rows.front();
  std::vector<double> read, fma;
  double worst = 0;
  std::size_t good = 0;
  for (const BenchRow& r : data.rows) {
    read.push_back(r.read_gbps);
    fma.push_back(r.fma_gmacs);
    worst = std::max(worst, r.max_err_over_bound);
    good += r.ok ? 1 : 0;
  }
  const auto middle = [](std::vector<double>& v) {
    std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
    return v[v.size() / 2];
  };
  return tag("div",
             fact(row.device_name, row.device + ", " + std::to_string(row.threads) + " threads") +
                 fact(short_number(middle(read)) + " GB/s", "streaming reads, median of the run") +
                 fact(short_number(middle(fma)) + " Gmac/s", "fp32 multiply-adds, median") +
                 fact(std::to_string(good) + " of " + std::to_string(data.rows.size()),
                      "rows inside both accuracy gates") +
                 fact(short_number(worst), "largest error / bound") + fact(row.commit, "commit"),
             "facts");
}

}  // namespace

std::string to_html(const std::vector<BenchRow>& rows, const std::string& command) {
  std::string body = tag("h1", "halfbyte bench") +
                     "<p class='soft'>Products of low-bit weights and 16-bit activations, by "
                     "schedule and shape. Every result was checked against float64.</p>\n";
  if (rows.empty()) {
    body += "<p>No rows.</p>";
  } else {
    Data data{rows, group_rows(rows), variants_of(rows), {}};
    for (const BenchRow& row : rows) data.ms.insert(row.m);
    body += facts(data) + square_shapes(data) + all_shapes(data) + bandwidth_bars(data) +
            bound_bars(data) + summary_table(data) + every_row(data);
  }
  body +=
      tag("h2", "How it was measured") +
      "<p>Calls go in turn through distinct copies of the weights, at least 128 MiB of them "
      "unless the rows say otherwise, so that no call finds its weight in a cache. The schedules "
      "of one m alternate in rounds, with passes of the probes in between. Times are medians over "
      "single calls; on a GPU over replays of a CUDA graph that runs for at least a millisecond. "
      "</p><p>Again: <code>" +
      escape_html(command) + "</code></p>\n";
  return html_page("halfbyte bench", body);
}

std::string html_page(const std::string& title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
         "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
         "<title>" +
         escape_html(title) + "</title>\n<style>" + std::string(report_style) +
         "</style>\n</head>\n<body>\n" + body + "</body>\n</html>\n";
}

}  // namespace halfbyte::bench
