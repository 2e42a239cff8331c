// The style sheet of the report page.
#pragma once

namespace halfbyte::bench {

// Curve colours keep apart under the common forms of colour blindness, on white and on dark.
constexpr const char* report_style = R"css(
:root { --fg: #1d2430; --soft: #5b6675; --bg: #ffffff; --panel: #f6f8fa; --line: #d5dbe3;
  --c0: #0072b2; --c1: #e69f00; --c2: #d55e00; --c3: #a3195b; --c4: #009e73; --c5: #56b4e9;
  --c6: #8c6d1f; --c7: #6a51a3; --bad: #c62828; }
@media (prefers-color-scheme: dark) {
  :root { --fg: #e4e8ee; --soft: #9aa6b5; --bg: #14181f; --panel: #1c222b; --line: #343d4a;
    --c0: #5aa9e6; --c1: #f2b84b; --c2: #f2814b; --c3: #f06ba8; --c4: #3fc79a; --c5: #9bd3f5;
    --c6: #d1b25c; --c7: #b3a0e6; --bad: #ff8a80; } }
body { color: var(--fg); background: var(--bg); font: 15px/1.5 system-ui, sans-serif;
  max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 36px 0 4px; }
p { margin: 4px 0 12px; max-width: 78ch; } .soft { color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }
.fact { background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  padding: 8px 14px; } .fact b { display: block; font-size: 18px; }
.fact span { color: var(--soft); font-size: 13px; }
.charts { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); }
.chart { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 8px;
  max-width: 560px; } .wide { max-width: none; margin-bottom: 14px; }
svg { width: 100%; height: auto; display: block; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 10px 0; font-size: 14px; }
.legend i { display: inline-block; width: 22px; height: 0; border-top: 3px solid; margin-right: 6px;
  vertical-align: middle; } .legend i.bound { border-top-style: dashed; }
.axis { stroke: var(--soft); } .grid { stroke: var(--line); stroke-width: 0.7; }
.label { fill: var(--soft); font-size: 12px; } .small { fill: var(--soft);
  font-size: 10px; } .title { fill: var(--fg); font-size: 14px;
  font-weight: 600; } .curve { fill: none; stroke: currentColor; stroke-width: 2; }
.dot { fill: currentColor; } .bar { fill: currentColor; }
.spread { stroke: currentColor; opacity: 0.45; stroke-width: 1.5; }
.reference { stroke: var(--fg); stroke-dasharray: 5 4; }
.bound { color: var(--soft); } .curve.bound { stroke-dasharray: 6 4; stroke-width: 1.5; }
.dot.bound { fill: none; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
.c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
.c6 { color: var(--c6); } .c7 { color: var(--c7); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; position: sticky; top: 0; background: var(--bg); }
th:first-child, td:first-child { text-align: left; } td.best { font-weight: 700; }
tr.first td { border-top: 2px solid var(--line); }
.bad { color: var(--bad); font-weight: 700; } code { background: var(--panel); padding: 1px 5px;
  border-radius: 4px; overflow-wrap: anywhere; } summary { cursor: pointer; margin: 12px 0; }
@media print { details { display: none; } }
)css";

}  // namespace halfbyte::bench
