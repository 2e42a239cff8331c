#include "bench/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "bench/table.h"

namespace halfbyte::bench {
namespace {

// The plot inside its margins, in the units of the SVG's view box.
struct Frame {
  double width, height;
  double left = 62, right = 14, top = 30, bottom = 48;
  double x(double part) const { return left + part * (width - left - right); }
  double y(double part) const { return height - bottom - part * (height - top - bottom); }
};

std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", v);
  return text;
}

// A tick's value: as few digits as it has.
std::string tick_text(double v) {
  char text[32];
  std::snprintf(text, sizeof text, v >= 1e6 ? "%.0e" : "%.6g", v);
  return text;
}

std::string line(double x1, double y1, double x2, double y2, std::string_view style) {
  return "<line x1='" + number(x1) + "' y1='" + number(y1) + "' x2='" + number(x2) + "' y2='" +
         number(y2) + "' class='" + std::string(style) + "'/>";
}

std::string label(double x, double y, std::string_view anchor, std::string_view content,
                  std::string_view style = "label", std::string_view transform = "") {
  std::string text = "<text x='" + number(x) + "' y='" + number(y) + "' text-anchor='" +
                     std::string(anchor) + "' class='" + std::string(style) + "'";
  if (!transform.empty()) text += " transform='" + std::string(transform) + "'";
  return text + ">" + escape_html(content) + "</text>";
}

std::string open_svg(const Frame& f, const std::string& title) {
  return "<svg viewBox='0 0 " + number(f.width) + " " + number(f.height) +
         "' role='img' aria-label='" + escape_html(title) + "'>" +
         label(f.left, 17, "start", title, "title");
}

std::string axes(const Frame& f, const std::string& x_label, const std::string& y_label) {
  const double middle = (f.top + f.height - f.bottom) / 2;
  return line(f.x(0), f.y(0), f.x(1), f.y(0), "axis") +
         line(f.x(0), f.y(0), f.x(0), f.y(1), "axis") +
         label(f.x(0.5), f.height - 8, "middle", x_label) +
         label(14, middle, "middle", y_label, "label", "rotate(-90 14 " + number(middle) + ")");
}

std::string y_tick(const Frame& f, double part, const std::string& text) {
  return line(f.x(0), f.y(part), f.x(1), f.y(part), "grid") +
         label(f.left - 6, f.y(part) + 4, "end", text);
}

// 1, 2, 5, 10, ... around [low, high]; only powers of ten when the span is wide.
std::vector<double> log_ticks(double low, double high) {
  std::vector<double> ticks;
  const bool wide = high / low > 2000;
  for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) {
      if (wide && step != 1) continue;
      if (decade * step >= low * 0.999 && decade * step <= high * 1.001) {
        ticks.push_back(decade * step);
      }
    }
  }
  return ticks;
}

// Where v lies between low and high on a logarithmic axis.
double log_part(double v, double low, double high) {
  return high > low ? std::log(v / low) / std::log(high / low) : 0.5;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string draw(const LineChart& chart) {
  const Frame f{440, 300};
  double low = std::numeric_limits<double>::max(), high = 0;
  for (const Curve& curve : chart.curves) {
    for (const Point& p : curve.points) {
      low = std::min({low, p.y, p.low > 0 ? p.low : p.y});
      high = std::max({high, p.y, p.high});
    }
  }
  low /= 1.15;
  high *= 1.15;
  const double first = chart.x_ticks.front().at, last = chart.x_ticks.back().at;
  // A little room left and right keeps the end points off the frame.
  const auto x = [&](double v) { return f.x(0.04 + 0.92 * log_part(v, first, last)); };
  const auto y = [&](double v) { return f.y(log_part(v, low, high)); };

  std::string svg = open_svg(f, chart.title);
  for (const double tick : log_ticks(low, high)) {
    svg += y_tick(f, log_part(tick, low, high), tick_text(tick));
  }
  for (const Tick& tick : chart.x_ticks) {
    svg += line(x(tick.at), f.y(0), x(tick.at), f.y(0) + 4, "axis") +
           label(x(tick.at), f.y(0) + 17, "middle", tick.label);
  }
  svg += axes(f, chart.x_label, chart.y_label);
  for (const Curve& curve : chart.curves) {
    std::string path;
    for (const Point& p : curve.points) {
      path += (path.empty() ? "M" : "L") + number(x(p.x)) + " " + number(y(p.y));
    }
    svg += "<path d='" + path + "' class='curve " + curve.style + "'/>";
    for (const Point& p : curve.points) {
      if (p.high > p.low && p.low > 0) {
        svg += line(x(p.x), y(p.low), x(p.x), y(p.high), "spread " + curve.style);
      }
      svg += "<circle cx='" + number(x(p.x)) + "' cy='" + number(y(p.y)) + "' r='3' class='dot " +
             curve.style + "'><title>" + escape_html(curve.name) + ": " + short_number(p.y) +
             "</title></circle>";
    }
  }
  return svg + "</svg>\n";
}

std::string draw(const BarChart& chart) {
  const Frame f{.width = 1120, .height = 320, .bottom = 62};
  double high = chart.reference;
  for (const BarGroup& group : chart.groups) {
    for (const Bar& bar : group.bars) high = std::max(high, bar.value);
  }
  high *= 1.08;
  std::string svg = open_svg(f, chart.title);
  const double step = high > 4 ? std::ceil(high / 8) : high > 1.6 ? 0.5 : 0.2;
  for (double tick = 0; tick <= high; tick += step) svg += y_tick(f, tick / high, tick_text(tick));
  svg += axes(f, "", chart.y_label);
  const double slot = 1.0 / static_cast<double>(chart.groups.size());
  for (std::size_t g = 0; g < chart.groups.size(); ++g) {
    const BarGroup& group = chart.groups[g];
    const double bar_slot =
        slot * 0.8 / static_cast<double>(std::max<std::size_t>(1, group.bars.size()));
    for (std::size_t b = 0; b < group.bars.size(); ++b) {
      const double left =
          f.x(static_cast<double>(g) * slot + slot * 0.1 + static_cast<double>(b) * bar_slot);
      const double right = left + 0.88 * bar_slot * (f.x(1) - f.x(0));
      const double top = f.y(group.bars[b].value / high);
      svg += "<rect x='" + number(left) + "' y='" + number(top) + "' width='" +
             number(right - left) + "' height='" + number(f.y(0) - top) + "' class='bar " +
             group.bars[b].style + "'><title>" + escape_html(group.bars[b].hint) +
             "</title></rect>";
    }
    const double middle = f.x((static_cast<double>(g) + 0.5) * slot);
    svg += label(middle, f.y(0) + 17, "middle", group.label) +
           // Two rows in turn: layers' names are wider than their bars.
           label(middle, f.y(0) + (g % 2 == 0 ? 32 : 46), "middle", group.sublabel, "small");
  }
  const double at = f.y(chart.reference / high);
  svg += line(f.x(0), at, f.x(1), at, "reference");
  return svg + "</svg>\n";
}

}  // namespace halfbyte::bench
