"""Draws rows of hadamard_sweep as an SVG: bytes a second over n beside the copy's, and HadaCore's.

    pip install -r bench/plots/requirements.txt
    python bench/plots/hadamard.py bench/results/h200/hadamard.jsonl \\
        bench/anchors/h200-hadamard.json bench/results/h200/hadamard.svg
"""

import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "halfbyte"  # the same file from the same rows
from matplotlib import pyplot  # noqa: E402

LOG2_ELEMENTS = 26
BYTES = {"out": 4, "fast": 4, "e4m3-given": 3}  # read and written, of an element
LABELS = {"out": "f16, rounded once", "fast": "f16, fast", "e4m3-given": "f16 to e4m3"}
COLOURS = {"out": "#0072b2", "fast": "#e69f00", "e4m3-given": "#009e73"}


def planned(rows):
    """(mode, n) -> the row that the planner takes, of cold rows of f16 with all elements."""
    best = {}
    for row in rows:
        near = 0.9 < row["elements"] / 2**LOG2_ELEMENTS <= 1
        if near and row["dtype"] == "f16" and row["cold"] and row["mode"] in BYTES:
            key = row["mode"], row["n"]
            if key not in best or row["predicted_us"] < best[key]["predicted_us"]:
                best[key] = row
    return best


def plot(axes, best, sizes, title):
    for mode, label in LABELS.items():
        rates = [BYTES[mode] * best[mode, n]["elements"] / best[mode, n]["us"] / 1e6 for n in sizes]
        axes.plot(range(len(sizes)), rates, color=COLOURS[mode], marker="o", markersize=3, label=label)
    copies = [4 * best["out", n]["elements"] / best["out", n]["copy_us"] / 1e6 for n in sizes]
    axes.plot(range(len(sizes)), copies, color="#5b6675", linewidth=0.8, label="copy")
    axes.set_xticks(range(len(sizes)), [str(n) for n in sizes], fontsize=8, rotation=45)
    axes.set_title(title, fontsize=10)
    axes.set_ylim(0, 4.5)
    axes.grid(alpha=0.3)


def main(source, anchors, target):
    with open(source, encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if "n" in row]
    with open(anchors, encoding="utf-8") as file:
        peers = json.load(file)
    best = planned(rows)
    sizes = sorted({n for mode, n in best if mode == "fast"})
    powers = [n for n in sizes if n & (n - 1) == 0]
    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    plot(panels[0], best, powers, "n = 2^p")
    plot(panels[1], best, [n for n in sizes if n not in powers], "n = q 2^p")
    hadacore = {row["dim"]: row["gbps"] / 1e3 for row in peers["rows"]
                if (row["peer"], row["dtype"], row["inplace"], row["cache"], row["log2_total"])
                == ("hadacore", "fp16", 0, "cold", LOG2_ELEMENTS)}
    known = [n for n in powers if n in hadacore]  # none of 65536
    panels[0].plot(range(len(known)), [hadacore[n] for n in known], "--", color="#d55e00",
                   label="HadaCore, f16")
    panels[0].set_ylabel("TB/s, read and written")
    panels[0].legend(fontsize=8, loc="lower left")
    figure.suptitle(f"{peers['device']}, 2^{LOG2_ELEMENTS} elements, cold", fontsize=10)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
