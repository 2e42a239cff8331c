"""torch: the int4 weight kernel for the CPU in bf16, and dense fp32."""

import numpy as np
import torch

from activations import to_bf16_exact


class TorchInt4Peer:
    name = "torch int4 bf16"
    accuracy_class = "A"
    matmuls_per_step = 1

    def __init__(self, group, threads):
        self.group = group
        self.version = torch.__version__
        torch.set_num_threads(threads)

    def copy_bytes(self, k, n):
        return n * k // 2 + 4 * n * k // self.group  # bf16 scale and zero

    def prepare(self, k, n, copies, seed):
        self.k, self.n, self.copies = k, n, copies
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(0, 16, (n, k), dtype=np.int32)
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(torch.from_numpy(self.codes), 1)
        # Other copies: the same bytes with other nibbles, so no two copies are equal.
        self.packed = [packed] + [
            torch.bitwise_xor(packed.view(torch.uint8), i % 255 + 1).view(packed.dtype)
            for i in range(copies - 1)
        ]
        scales = to_bf16_exact(rng.uniform(0.002, 0.01, (k // self.group, n)))
        zeros = np.zeros_like(scales)
        both = np.stack([scales, zeros], axis=-1)
        self.scales = scales
        self.scales_and_zeros = [torch.from_numpy(both).to(torch.bfloat16) for _ in range(copies)]

    def dequantized(self):
        scale_nk = np.repeat(self.scales.T, self.group, axis=1)
        return (self.codes.astype(np.float32) - 8) * scale_nk

    def set_x(self, x):
        x = to_bf16_exact(x)
        self.x = torch.from_numpy(x).to(torch.bfloat16)
        return x

    def step(self, i):
        self.y = torch.ops.aten._weight_int4pack_mm_for_cpu(
            self.x, self.packed[i], self.group, self.scales_and_zeros[i]
        )

    def result(self):
        return self.y.to(torch.float32).numpy()

    def close(self):
        self.packed = self.scales_and_zeros = self.codes = None


class TorchDensePeer:
    name = "torch mm fp32 dense"
    accuracy_class = "A"
    matmuls_per_step = 1
    group = 0

    def __init__(self, threads):
        self.version = torch.__version__
        torch.set_num_threads(threads)

    def copy_bytes(self, k, n):
        return 4 * n * k

    def prepare(self, k, n, copies, seed):
        self.k, self.n, self.copies = k, n, copies
        rng = np.random.default_rng(seed)
        self.weights = [
            torch.from_numpy(rng.random((n, k), dtype=np.float32) - 0.5) for _ in range(copies)
        ]

    def dequantized(self):
        return self.weights[0].numpy()

    def set_x(self, x):
        self.x = torch.from_numpy(np.ascontiguousarray(x, np.float32))
        self.y = torch.empty((x.shape[0], self.n))
        return x

    def step(self, i):
        torch.mm(self.x, self.weights[i].T, out=self.y)

    def result(self):
        return self.y.numpy()

    def close(self):
        self.weights = None


def peers(threads):
    return [TorchInt4Peer(32, threads), TorchInt4Peer(128, threads), TorchDensePeer(threads)]
