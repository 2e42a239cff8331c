"""Prints a results file as Markdown: `python table.py FILE.json`."""

import json
import pathlib
import sys


def ratio_to_best(rows, m, ours, admits):
    """Our best time over the best time of the peers that `admits` lets in, or None."""
    mine = [r["us_median"] for r in rows if r["m"] == m and r["peer"] == ours]
    others = [r["us_median"] for r in rows if r["m"] == m and admits(r)]
    return min(mine) / min(others) if mine and others else None


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
        group = group or "dense"
        lines.append(f"| {label} | {group} | {accuracy} | {' | '.join(times)} | {read} | {worst:.1e} |")
    for ours in dict.fromkeys(r["peer"] for r in rows if r["peer"].startswith("halfbyte")):
        peer = lambda r: not r["peer"].startswith("halfbyte")
        for label, admits in (
            ("class A", lambda r: peer(r) and r["class"] == "A"),
            ("any", peer),
        ):
            ratios = [ratio_to_best(rows, m, ours, admits) for m in ms]
            cells = " | ".join("" if x is None else f"{x:.2f}" for x in ratios)
            lines.append(f"| {ours} time / best peer's, {label} | | | {cells} | | |")
    read = sorted(r["read_gbps"] for r in rows)
    rate = sorted(r["fma_gmacs"] for r in rows)
    middle = len(rows) // 2
    lines += ["", f"Probes, medians: {read[middle]:.1f} GB/s read, {rate[middle]:.0f} G fp32 multiply-adds/s.", ""]
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
