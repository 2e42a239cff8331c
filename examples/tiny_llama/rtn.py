"""4-bit symmetric round-to-nearest, emulated: the damage that a weight must survive."""

import torch

GROUP = 128
CLIPS = [0.5 + 0.02 * i for i in range(26)]


def round_to_grid(groups, step):
    return torch.clamp(torch.round(groups / step), -8, 7) * step


def rtn(weight):
    """W (n, k) through 4 bits: per output and group of 128 along k one scale, w = (q - 8) s.

    The scale is the one of CLIPS times max|w|/7 that leaves the least squared error.
    """
    groups = weight.float().unflatten(1, (-1, GROUP))
    top = groups.abs().amax(dim=2, keepdim=True).clamp_min(1e-8)
    best = torch.zeros_like(groups)
    best_error = torch.full_like(top, float("inf"))
    for clip in CLIPS:
        rounded = round_to_grid(groups, (clip * top / 7).half().float().clamp_min(6e-8))
        error = (rounded - groups).square().sum(dim=2, keepdim=True)
        best = torch.where(error < best_error, rounded, best)
        best_error = torch.minimum(error, best_error)
    return best.flatten(1).to(weight.dtype)
