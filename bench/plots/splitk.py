"""Draws rows of `halfbyte bench splitk --json` as an SVG: what dividing k gains over data-parallel.

    pip install -r bench/plots/requirements.txt
    python bench/plots/splitk.py bench/results/h200/splitk.json bench/results/h200/splitk.svg
"""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "halfbyte"  # the same file from the same rows
from matplotlib import pyplot  # noqa: E402

STYLES = {"split-k": "-", "stream-k": "--"}
COLOURS = ["#0072b2", "#e69f00", "#d55e00", "#a3195b", "#009e73"]


def best_times(rows):
    """(schedule, m, n) -> the fastest tile's and split's time, of squares."""
    best = {}
    for row in rows:
        if row["n"] == row["k"]:
            key = row["schedule"], row["m"], row["n"]
            best[key] = min(best.get(key, float("inf")), row["us_median"])
    return best


def plot(axes, best, schedule):
    for colour, m in zip(COLOURS, sorted({m for _, m, _ in best})):
        sizes = sorted(n for s, rows, n in best if s == schedule and rows == m)
        gains = [best["data-parallel", m, n] / best[schedule, m, n] for n in sizes]
        axes.plot(sizes, gains, STYLES[schedule], color=colour, marker="o", markersize=3,
                  label=f"m = {m}")
    axes.axhline(1, color="#5b6675", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(n) for n in sizes], fontsize=8)
    axes.set_title(schedule, fontsize=10)
    axes.set_xlabel("n = k")
    axes.grid(alpha=0.3)


def main(source, target):
    with open(source, encoding="utf-8") as file:
        rows = json.load(file)
    best = best_times(rows)
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for axes, schedule in zip(panels, STYLES):
        plot(axes, best, schedule)
    panels[0].set_ylabel("times data-parallel,\neach at its best tile")
    panels[0].legend(fontsize=8)
    figure.suptitle(f"{rows[0]['device_name']}, 4 bits, group {rows[0]['group']}, f16", fontsize=10)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
