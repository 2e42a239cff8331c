"""Times halfbyte and other libraries' 4-bit products on one GPU, in one process.

    python bench/peers/gpu.py --quick
    python bench/peers/gpu.py --out bench/results/h200/NAME.json --resume

See README.md beside this file for the protocol.
"""

import subprocess
import sys
import time

import torch

import gpu_peers
import halfbyte_peer
import machine
from arguments import keep_named, make_parser, parse_grid
from gpu_timing import summarise, time_cell
from results import Results

SIZES = [2048, 4096, 8192, 16384]
BATCHES = [1, 2, 4, 8, 16]
GROUP = 128
MIB = 1 << 20
MOST_COPIES = 1024
# What is further off than this is called wrongly: fp16 sums give 1e-3, bf16 2e-3.
LARGEST_ERROR = 4e-3


def parse_arguments():
    parser = make_parser(__doc__, "4096x4096, m = 1, 16", rotate_mib=256)
    parser.add_argument("--schedules", default="auto,data-parallel", help="of halfbyte")
    parser.add_argument("--device", type=int, default=0, help="I of cuda:I")
    arguments = parser.parse_args()
    shapes = [(size, size) for size in SIZES]
    parse_grid(arguments, shapes, BATCHES, quick_shapes=[(4096, 4096)], quick_batches=[1, 16])
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def query_gpu(index, fields):
    command = ["nvidia-smi", "-i", str(index), f"--query-gpu={fields}", "--format=csv,noheader"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def header(arguments, missing):
    properties = torch.cuda.get_device_properties(arguments.device)
    return {
        "gpu": properties.name,
        "sms": properties.multi_processor_count,
        "driver": query_gpu(arguments.device, "driver_version"),
        "clocks_before": query_gpu(arguments.device, "clocks.sm,clocks.mem,power.draw"),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "rotate_bytes": arguments.rotate_mib * MIB,
        "commit": machine.commit(),
        "left_out": missing,
        "command": machine.command_line(),
    }


def relative_error(y, reference):
    """|y - ref| / |ref|; NaN or Inf anywhere in y gives inf."""
    y = y.to(reference.device).double()
    if not torch.isfinite(y).all():
        return float("inf")
    return float((y - reference).norm() / reference.norm())


class Cells:
    """The peers on one shape: prepared, checked against float64, and timed by m."""

    def __init__(self, peers, k, n, batches, rotate_bytes, device):
        self.k, self.n, self.peers, self.copies, self.errors = k, n, [], {}, {}
        layer = gpu_peers.Layer(k, n, GROUP, device)
        torch.manual_seed(k * 31 + n)
        self.x = torch.randn(max(batches), k, device=device)
        for peer in peers:
            copies = -(-rotate_bytes // peer.copy_bytes(k, n, GROUP))
            self.copies[peer] = max(2, min(MOST_COPIES, copies))
            try:
                peer.prepare(layer, self.copies[peer])
                self.check(peer, batches)
                self.peers.append(peer)
            except (AttributeError, TypeError, ValueError, RuntimeError) as error:
                if peer.ours:
                    raise
                # Another version of a library, or a call of it that is wrong here.
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                say(f"  {peer.name}: left out: {reason}")
                peer.close()

    def check(self, peer, batches):
        x = self.x.to(peer.dtype)
        reference = x.double() @ peer.weight().T
        for m in batches:
            peer.set_x(x[:m].contiguous())
            peer.step(0)
            torch.cuda.synchronize()
            error = relative_error(peer.result(), reference[:m])
            if not error <= LARGEST_ERROR:
                raise ValueError(f"{peer.name}, m = {m}: relative error {error}: wrong result")
            self.errors[peer, m] = error

    def time(self, m, probe):
        for peer in self.peers:
            peer.set_x(self.x[:m].to(peer.dtype).contiguous())
        rows = []
        for series in time_cell(self.peers, self.copies, probe):
            peer = series.peer
            weight_bytes = peer.copy_bytes(self.k, self.n, GROUP)
            row = {"peer": peer.name, "version": peer.version, "k": self.k, "n": self.n, "m": m}
            row |= {"group": GROUP, "dtype": str(peer.dtype).removeprefix("torch.")}
            row |= summarise(series, weight_bytes + 2 * m * (self.k + self.n))
            row["rotated_bytes"] = weight_bytes * self.copies[peer]
            row["rel_err"] = float(f"{self.errors[peer, m]:.3g}")
            if peer.ours:
                row["kernel"] = peer.kernel
            rows.append(row)
            say(
                f"  {peer.name:24} {row['us_median']:9.2f} us "
                f"[{row['us_p10']:.2f} {row['us_p90']:.2f}]  "
                f"{row['frac_read_bw']:.2f} of read, error {row['rel_err']:.1e}"
            )
        return rows

    def close(self):
        for peer in self.peers:
            peer.close()
        torch.cuda.empty_cache()


def markdown(rows):
    names = list(dict.fromkeys(row["peer"] for row in rows))
    lines = ["| k x n | m | " + " | ".join(names) + " | halfbyte auto / best peer |"]
    lines.append("|---|--:|" + "--:|" * (len(names) + 1))
    for k, n, m in dict.fromkeys((row["k"], row["n"], row["m"]) for row in rows):
        cell = {r["peer"]: r["us_median"] for r in rows if (r["k"], r["n"], r["m"]) == (k, n, m)}
        times = [f"{cell[name]:.2f}" if name in cell else "" for name in names]
        others = [us for name, us in cell.items() if not name.startswith("halfbyte")]
        ours = cell.get("halfbyte auto")
        ratio = f"{ours / min(others):.2f}" if ours and others else ""
        lines.append(f"| {k}x{n} | {m} | " + " | ".join(times) + f" | {ratio} |")
    return "\n".join(lines)


def main():
    arguments = parse_arguments()
    if not torch.cuda.is_available():
        raise SystemExit("torch sees no GPU here")
    torch.cuda.set_device(arguments.device)
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    built = machine.build_library(arguments.build, not arguments.no_build, "-DHALFBYTE_CUDA=ON")
    library = halfbyte_peer.Library(built, threads=0)
    probe = lambda: library.read_gbps(arguments.device)
    schedules = arguments.schedules.split(",")
    peers, missing = gpu_peers.peers(library, machine.commit(), schedules, arguments.device)
    peers = keep_named(peers, arguments)
    out = arguments.out or machine.ROOT / "bench/results/gpu" / (
        "peers-quick.json" if arguments.quick else "peers.json"
    )
    same = ("gpu", "driver", "torch", "commit", "rotate_bytes")
    results = Results(out, header(arguments, missing), arguments.resume, same)
    start = time.monotonic()
    for k, n in arguments.shapes:
        batches = [m for m in arguments.m if not results.has_cell(k, n, m)]
        if not batches:
            continue
        say(f"k = {k}, n = {n}: preparing and checking ({time.monotonic() - start:.0f} s)")
        cells = Cells(peers, k, n, batches, arguments.rotate_mib * MIB, torch.device("cuda"))
        for m in batches:
            say(f"k = {k}, n = {n}, m = {m} ({time.monotonic() - start:.0f} s)")
            results.add_cell(cells.time(m, probe))
        cells.close()
    print(markdown(results.rows))
    say(f"wrote {out} after {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
