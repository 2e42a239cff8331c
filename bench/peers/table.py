"""Prints a results file as Markdown: `python table.py FILE.json`."""

import json
import pathlib
import sys


def is_ours(row):
    return row["peer"].startswith("halfbyte")


def ratio_to_best(rows, m, ours, classes):
    """The time of `ours` (peer, group) over the best peer's of those accuracy classes, or None."""
    rows = [r for r in rows if r["m"] == m]
    mine = [r["us_median"] for r in rows if (r["peer"], r["group"]) == ours]
    others = [r["us_median"] for r in rows if not is_ours(r) and r["class"] in classes]
    return mine[0] / min(others) if mine and others else None


def middle(values):
    values = sorted(values)
    return values[len(values) // 2]


def shape_table(rows, k, n):
    rows = [r for r in rows if (r["k"], r["n"]) == (k, n)]
    ms = sorted({r["m"] for r in rows})
    keys = list(dict.fromkeys((r["peer"], r["group"], r["class"]) for r in rows))
    keys.sort(key=lambda key: (not key[0].startswith("halfbyte"), key[2]))
    lines = [
        f"### k = {k}, n = {n}: ms a product",
        "",
        "| | group | class | " + " | ".join(f"m {m}" for m in ms) + " | of read, m 1 | error |",
        "|---|--:|---|" + "--:|" * (len(ms) + 2),
    ]
    for peer, group, accuracy in keys:
        cells = {r["m"]: r for r in rows if (r["peer"], r["group"]) == (peer, group)}
        times = [f"{cells[m]['us_median'] / 1000:.3g}" if m in cells else "" for m in ms]
        read = f"{cells[1]['frac_read_bw']:.2f}" if 1 in cells else ""
        worst = max(r["rel_err"] for r in cells.values())
        label = f"**{peer}**" if peer.startswith("halfbyte") else peer
        columns = [label, str(group or "dense"), accuracy, *times, read, f"{worst:.1e}"]
        lines.append("| " + " | ".join(columns) + " |")
    for ours in dict.fromkeys((r["peer"], r["group"]) for r in rows if is_ours(r)):
        for label, classes in (("class A", "A"), ("any class", "AB")):
            ratios = [ratio_to_best(rows, m, ours, classes) for m in ms]
            cells = " | ".join("" if x is None else f"{x:.2f}" for x in ratios)
            lines.append(f"| {ours[0]} / best peer, {label} | {ours[1]} | | {cells} | | |")
    read = middle(r["read_gbps"] for r in rows)
    rate = middle(r["fma_gmacs"] for r in rows)
    lines += ["", f"Probes: {read:.1f} GB/s read, {rate:.0f} G fp32 multiply-adds/s (medians).", ""]
    return lines


def markdown(results):
    machine = results["machine"]
    lines = [
        f"{machine['cpu']} ({' '.join(machine['cpu_flags'])}), {machine['threads']} threads, "
        f"commit {machine['commit']}. Class A: activations at 16 bits or better; "
        "B: quantised to 8 bits inside.",
        "",
    ]
    for k, n in dict.fromkeys((r["k"], r["n"]) for r in results["rows"]):
        lines += shape_table(results["rows"], k, n)
    versions = dict.fromkeys((r["peer"].split()[0], r["version"]) for r in results["rows"])
    lines.append("Versions: " + "; ".join(f"{peer} {version}" for peer, version in versions) + ".")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(json.loads(pathlib.Path(sys.argv[1]).read_text())))
