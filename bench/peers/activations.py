"""Random inputs and the error against float64."""

import numpy as np

# Rows of y that are compared with the reference: all of them up to this many, else spread over m.
CHECKED_ROWS = 16


def random_x(m, k, seed, outliers=False):
    """(m, k) float32 from N(0,1), with 1 % of the channels 30 times larger if `outliers`."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((m, k), dtype=np.float32)
    if outliers:
        x[:, rng.permutation(k)[: max(1, k // 100)]] *= 30
    return x


def to_f16_exact(x):
    """x rounded to values that float16 holds, as float32."""
    return x.astype(np.float16).astype(np.float32)


def to_bf16_exact(x):
    """x rounded (to nearest, ties to even) to values that bfloat16 holds, as float32."""
    bits = x.astype(np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded & 0xFFFF0000).astype(np.uint32).view(np.float32)


def relative_error(y, x, weight_nk):
    """|y - x W^T| / |x W^T| in float64, W given as (n, k); NaN or Inf anywhere in y gives inf."""
    if not np.isfinite(y).all():
        return float("inf")
    m = x.shape[0]
    rows = np.unique(np.linspace(0, m - 1, min(m, CHECKED_ROWS)).astype(int))
    x64 = x[rows].astype(np.float64)
    error = norm = 0.0
    for first in range(0, weight_nk.shape[0], 1024):  # blocks bound the float64 copy of W
        block = weight_nk[first : first + 1024].astype(np.float64)
        reference = x64 @ block.T
        error += np.square(y[rows, first : first + 1024] - reference).sum()
        norm += np.square(reference).sum()
    return float(np.sqrt(error / norm))
