"""Times several peers on one problem: turns in rounds, a probe of the machine around every turn.

The bandwidth and the clock of a shared machine move within seconds, so a peer is never timed in one
stretch. In each round every peer has one turn, in an order that is reversed from round to round,
and each turn is judged by the mean of the probes just before and after it.
"""

import math
import resource
import time

import numpy as np

TURN_SECONDS = 0.025
FEWEST_TURNS = 3
WARM_UP_SECONDS = 1.0


def settle():
    """Waits until no thread of this process spins: pools keep spinning for up to 40 ms after a call
    and would take a core from the probe and from the next peer."""
    for _ in range(40):
        burnt = time.process_time()
        time.sleep(0.002)
        if time.process_time() - burnt < 0.0005:
            return


class Turns:
    """The samples of one peer."""

    def __init__(self, peer):
        self.peer = peer
        self.next_step = 0
        self.us, self.read_gbps, self.multiply_add, self.preempted = [], [], [], []

    def take_step(self):
        """Runs one step over the next copies; microseconds a matmul."""
        peer = self.peer
        steps = peer.copies // peer.matmuls_per_step
        start = time.perf_counter_ns()
        peer.step(self.next_step)
        elapsed = time.perf_counter_ns() - start
        self.next_step = (self.next_step + 1) % steps
        return elapsed / 1000 / peer.matmuls_per_step

    def warm_up(self):
        """Touches every copy, for a second at most; returns the seconds of the quickest step."""
        end = time.perf_counter() + WARM_UP_SECONDS
        quickest = self.take_step()
        for _ in range(self.peer.copies // self.peer.matmuls_per_step - 1):
            if time.perf_counter() > end:
                break
            quickest = min(quickest, self.take_step())
        return quickest * self.peer.matmuls_per_step / 1e6

    def take_turn(self):
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        samples = []
        end = time.perf_counter() + TURN_SECONDS
        while not samples or time.perf_counter() < end:
            samples.append(self.take_step())
        self.us.append(samples)
        self.preempted.append(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw > switches)

    def clean(self):
        """Indices of turns that ran without being preempted, or of all if those are too few."""
        clean = [i for i, preempted in enumerate(self.preempted) if not preempted]
        return clean if len(clean) >= max(FEWEST_TURNS, len(self.us) // 3) else range(len(self.us))


def rounds_wanted(step_seconds, seconds):
    return max(FEWEST_TURNS, math.ceil(seconds / max(TURN_SECONDS, step_seconds)))


def time_in_rounds(peers, probe, seconds):
    """Turns by peer. `probe` returns (read GB/s, G multiply-adds/s)."""
    all_turns = [Turns(peer) for peer in peers]
    wanted = [rounds_wanted(turns.warm_up(), seconds) for turns in all_turns]
    rounds = max(wanted)
    settle()
    for r in range(rounds):
        # A slow peer needs fewer turns: they are spread evenly over the rounds.
        due = [t for t, w in zip(all_turns, wanted) if (r + 1) * w // rounds > r * w // rounds]
        before = probe()
        for turns in due if r % 2 == 0 else reversed(due):
            settle()  # the probe's threads are as much in the way as a peer's
            turns.take_turn()
            settle()
            after = probe()
            turns.read_gbps.append((before[0] + after[0]) / 2)
            turns.multiply_add.append((before[1] + after[1]) / 2)
            before = after
    return all_turns


def summarise(turns, m):
    """The row of one peer."""
    peer, used = turns.peer, turns.clean()
    calls = np.concatenate([turns.us[i] for i in used])
    bytes_ = peer.copy_bytes(peer.k, peer.n)
    macs = m * peer.n * peer.k
    read_shares, rate_shares = [], []
    for i in used:
        us = float(np.median(turns.us[i]))
        read_shares.append(bytes_ / us / 1000 / turns.read_gbps[i])
        rate_shares.append(macs / us / 1000 / turns.multiply_add[i])
    return {
        "us_median": round(float(np.median(calls)), 2),
        "us_p10": round(float(np.percentile(calls, 10)), 2),
        "us_p90": round(float(np.percentile(calls, 90)), 2),
        "calls": len(calls) * peer.matmuls_per_step,
        "turns": len(used),
        "turns_preempted": sum(turns.preempted),
        "frac_read_bw": round(float(np.median(read_shares)), 4),
        "frac_multiply_add": round(float(np.median(rate_shares)), 4),
        "read_gbps": round(float(np.median([turns.read_gbps[i] for i in used])), 2),
        "fma_gmacs": round(float(np.median([turns.multiply_add[i] for i in used])), 2),
        "packed_bytes": int(bytes_),
        "rotated_bytes": int(bytes_ * peer.copies),
    }
