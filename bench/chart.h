// Line and bar charts as SVG text: no script, no font, no colour of their own. Colours come from
// the page's style sheet through the classes c0, c1, ... and `bound`, so that they follow the
// reader's dark or light setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace halfbyte::bench {

// Text as it may stand in HTML: names come from files that somebody else wrote.
std::string escape_html(std::string_view text);

struct Tick {
  double at = 0;
  std::string label;
};

struct Point {
  double x = 0, y = 0;
  double low = 0, high = 0;  // drawn as a thin bar when high > low
};

struct Curve {
  std::string name;
  std::string style;  // a class of the page: "c0", "bound"
  std::vector<Point> points;
};

// Both axes logarithmic; every value must be positive.
struct LineChart {
  std::string title;
  std::string x_label, y_label;
  std::vector<Tick> x_ticks;
  std::vector<Curve> curves;
};
std::string draw(const LineChart& chart);

struct Bar {
  std::string style;
  double value = 0;
  std::string hint;  // shown when the pointer rests on the bar
};

struct BarGroup {
  std::string label;
  std::string sublabel;  // a second line
  std::vector<Bar> bars;
};

// Bars from 0 up, with a dashed line across at `reference`.
struct BarChart {
  std::string title;
  std::string y_label;
  double reference = 0;
  std::vector<BarGroup> groups;
};
std::string draw(const BarChart& chart);

}  // namespace halfbyte::bench
