"""What both programs are asked: which grid, which peers, where the library and the results lie."""

import argparse
import pathlib

import machine


def make_parser(doc, quick, rotate_mib):
    """`quick`: what --quick measures, as its help says it."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--out", type=pathlib.Path, help="results file (JSON)")
    parser.add_argument("--resume", action="store_true", help="keep the cells that FILE has")
    parser.add_argument("--m", help="batch sizes, comma-separated")
    parser.add_argument("--shapes", help="KxN, comma-separated")
    parser.add_argument("--peers", help="only names that contain one of these, comma-separated")
    parser.add_argument(
        "--rotate-mib", type=int, default=rotate_mib, help="distinct copies of a weight"
    )
    parser.add_argument("--build", type=pathlib.Path, default=machine.ROOT / "build")
    parser.add_argument("--no-build", action="store_true", help="use the library as it is")
    return parser


def parse_grid(arguments, shapes, batches, quick_shapes, quick_batches):
    """Turns m and shapes into lists: those asked for, else the quick ones, else all."""
    m = arguments.m.split(",") if arguments.m else quick_batches if arguments.quick else batches
    arguments.m = [int(batch) for batch in m]
    if arguments.shapes:
        arguments.shapes = [tuple(map(int, s.split("x"))) for s in arguments.shapes.split(",")]
    else:
        arguments.shapes = quick_shapes if arguments.quick else shapes


def keep_named(peers, arguments):
    if not arguments.peers:
        return peers
    return [p for p in peers if any(word in p.name for word in arguments.peers.split(","))]
