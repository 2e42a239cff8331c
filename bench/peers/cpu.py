"""Times halfbyte and other libraries' 4-bit products on this CPU, in one process.

    python bench/peers/cpu.py --quick
    python bench/peers/cpu.py --out bench/results/cpu/NAME.json --resume

See README.md beside this file for the protocol.
"""

import os
import sys
import time

import halfbyte_peer
import machine
from activations import random_x, relative_error, to_f16_exact
from arguments import keep_named, make_parser, parse_grid
from results import Results
from rounds import Turns, summarise, time_in_rounds
from table import markdown

SHAPES = [(4096, 4096), (14336, 4096), (4096, 14336)]  # (k, n)
BATCHES = [1, 2, 4, 8, 16, 32, 128, 512]
MIB = 1 << 20
MOST_SECONDS = 2.0  # a product that takes longer is left out
# A peer whose error is larger is called wrongly: 8-bit activations give 7e-3, bf16 2e-3.
LARGEST_ERROR = {"A": 4e-3, "B": 1.5e-2}


def parse_arguments():
    parser = make_parser(__doc__, "4096x4096, m = 1, 4, 16", rotate_mib=272)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=0.5, help="timed seconds a cell and peer")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rotate_mib = min(arguments.rotate_mib, 136)
        arguments.seconds = min(arguments.seconds, 0.2)
    parse_grid(arguments, SHAPES, BATCHES, quick_shapes=SHAPES[:1], quick_batches=[1, 4, 16])
    return arguments


def make_peers(library, arguments):
    try:
        import ggml_peer
        import ort_peer
        import torch_peer
    except ImportError as error:
        raise SystemExit(f"{error}: pip install -r {machine.ROOT / 'bench/peers/requirements.txt'}")
    peers = halfbyte_peer.peers(library, machine.commit())
    for module in (ggml_peer, ort_peer, torch_peer):
        peers += module.peers(arguments.threads)
    return keep_named(peers, arguments)


def prepare_and_check(peer, k, n, batches, rotate_bytes):
    """Builds the copies and returns {m: (error, error with outlier channels)}."""
    copies = max(2, -(-rotate_bytes // int(peer.copy_bytes(k, n))))
    peer.prepare(k, n, copies, seed=k + n)
    weight = peer.dequantized()
    errors = {}
    for m in batches:
        pair = []
        for outliers in (False, True):
            x = peer.set_x(to_f16_exact(random_x(m, k, seed=m, outliers=outliers)))
            peer.step(0)
            pair.append(relative_error(peer.result(), x, weight))
        if not pair[0] <= LARGEST_ERROR[peer.accuracy_class]:
            raise SystemExit(f"{peer.name}, m = {m}: relative error {pair[0]}: wrong result")
        errors[m] = pair
    return errors


def say(text):
    print(text, file=sys.stderr, flush=True)


def time_cell(peers, errors, k, n, m, probe, arguments):
    """The rows of one (k, n, m)."""
    taking_part = []
    for peer in peers:
        peer.set_x(to_f16_exact(random_x(m, k, seed=m)))
        if Turns(peer).take_step() / 1e6 < MOST_SECONDS:
            taking_part.append(peer)
        else:
            say(f"  {peer.name}: left out, a product takes over {MOST_SECONDS} s")
    rows = []
    for turns in time_in_rounds(taking_part, probe, arguments.seconds):
        peer = turns.peer
        error, error_outliers = errors[peer][m]
        row = {
            "peer": peer.name,
            "version": peer.version,
            "class": peer.accuracy_class,
            "k": k,
            "n": n,
            "m": m,
            "group": peer.group,
            **summarise(turns, m),
            "rel_err": float(f"{error:.3g}"),
            "rel_err_outliers": float(f"{error_outliers:.3g}"),
        }
        if hasattr(peer, "kernel"):
            row["kernel"] = peer.kernel
        rows.append(row)
        say(
            f"  {peer.name:24} g{peer.group:<4} {row['us_median']:10.1f} us "
            f"[{row['us_p10']:.1f} {row['us_p90']:.1f}]  {row['frac_read_bw']:.2f} of read, "
            f"{row['frac_multiply_add']:.2f} of multiply-add, error {row['rel_err']:.1e}"
        )
    return rows


def main():
    arguments = parse_arguments()
    try:
        os.nice(-10)  # fewer preemptions; without the right to, the figures are only noisier
    except PermissionError:
        pass
    library = halfbyte_peer.Library(
        machine.build_library(arguments.build, not arguments.no_build), arguments.threads
    )
    probe = lambda: (library.read_gbps(), library.multiply_add_rate())
    header = machine.header(arguments.threads, arguments.seconds, arguments.rotate_mib * MIB)
    out = arguments.out or machine.ROOT / "bench/results/cpu" / (
        "peers-quick.json" if arguments.quick else "peers.json"
    )
    same = ("cpu", "threads", "commit", "rotate_bytes")
    results = Results(out, header, arguments.resume, same)
    peers = make_peers(library, arguments)
    start = time.monotonic()
    cells = [(s, m) for s in arguments.shapes for m in arguments.m if not results.has_cell(*s, m)]
    done = 0
    for k, n in arguments.shapes:
        batches = [m for (shape, m) in cells if shape == (k, n)]
        if not batches:
            continue
        say(f"k = {k}, n = {n}: preparing and checking")
        errors = {}
        for peer in peers:
            errors[peer] = prepare_and_check(peer, k, n, batches, arguments.rotate_mib * MIB)
        for m in batches:
            spent = time.monotonic() - start
            left = f", about {spent / done * (len(cells) - done):.0f} s left" if done else ""
            say(f"k = {k}, n = {n}, m = {m} ({done + 1} of {len(cells)}{left})")
            results.add_cell(time_cell(peers, errors, k, n, m, probe, arguments))
            done += 1
        for peer in peers:
            peer.close()
    print(markdown({"machine": results.header, "rows": results.rows}))
    say(f"wrote {out}")


if __name__ == "__main__":
    main()
