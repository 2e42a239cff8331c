"""Times steps on a GPU: graphs of whole rotations, replayed in rounds with a probe in between."""

import math
import statistics

import torch

ROUNDS, REPLAYS = 4, 5  # 20 replays a cell
REPLAY_US = 1000  # the least that a replay lasts
MOST_CALLS = 1 << 15


def capture(peer, copies, calls):
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        for i in range(calls):
            peer.step(i % copies)
    return graph


def replay(graph, times):
    """Microseconds of each replay but the first, back to back."""
    events = [torch.cuda.Event(enable_timing=True) for _ in range(times + 1)]
    graph.replay()
    events[0].record()
    for event in events[1:]:
        graph.replay()
        event.record()
    torch.cuda.synchronize()
    return [1000 * a.elapsed_time(b) for a, b in zip(events, events[1:])]


class Series:
    """One peer's samples of one cell: microseconds a call."""

    def __init__(self, peer, copies):
        self.peer, self.copies, self.samples, self.read_gbps = peer, copies, [], []
        peer.step(0)  # outside of a capture: code is loaded, a tuner tunes
        torch.cuda.synchronize()
        few = min(copies, 32)
        us = max(0.1, statistics.median(replay(capture(peer, copies, few), 3)) / few)
        rotations = math.ceil(REPLAY_US / (us * copies))
        self.calls = copies * max(1, min(rotations, MOST_CALLS // copies))
        self.graph = capture(peer, copies, self.calls)

    def round(self):
        self.samples += [us / self.calls for us in replay(self.graph, REPLAYS)]


def time_cell(peers, copies, probe):
    """The series of all peers, who take turns; every other round in reverse."""
    all_series = [Series(peer, copies[peer]) for peer in peers]
    for r in range(ROUNDS):
        before = probe()
        for series in all_series if r % 2 == 0 else reversed(all_series):
            series.round()
        after = probe()
        for series in all_series:
            series.read_gbps.append((before + after) / 2)
    return all_series


def quantile(samples, q):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def summarise(series, bytes_a_call):
    us = statistics.median(series.samples)
    read = statistics.median(series.read_gbps)
    return {
        "us_median": round(us, 3),
        "us_p10": round(quantile(series.samples, 0.1), 3),
        "us_p90": round(quantile(series.samples, 0.9), 3),
        "samples": len(series.samples),
        "calls_per_sample": series.calls,
        "bytes": bytes_a_call,
        "read_gbps": round(read, 1),
        "frac_read_bw": round(bytes_a_call / us / 1000 / read, 4),
    }
