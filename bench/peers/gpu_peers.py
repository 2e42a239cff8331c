"""What gpu.py times: halfbyte, the dense product, and other libraries' 4-bit products on one GPU.

A peer has a name, a version, an x type and
  prepare(layer, copies)  distinct copies of the layer's weight in the peer's form
  weight()                copy 0 dequantised by the peer's own definition, (n, k) float64
  set_x(x)                (m, k) on the GPU
  step(i)                 starts y = x times copy i on torch's current stream
  result()                y
"""

import numpy as np
import torch


class Layer:
    """A random weight (q - 8) s: codes (n, k), one a byte, and f16 scales (k / group, n)."""

    def __init__(self, k, n, group, device):
        torch.manual_seed(k + n)
        self.k, self.n, self.group, self.device = k, n, group, device
        self.codes = torch.randint(0, 16, (n, k), dtype=torch.uint8, device=device)
        self.packed = None  # halfbyte's copies, shared by its schedules
        self.scales = (0.002 + 0.008 * torch.rand(k // group, n, device=device)).half()

    def weight(self, scales):
        """(n, k) in float64."""
        wide = scales.double().T.repeat_interleave(self.group, dim=1)
        return (self.codes.double() - 8) * wide


class PackedCopies:
    """halfbyte's packed copies of a layer's weight, freed with this."""

    def __init__(self, library, layer, copies, index):
        codes, scales = layer.codes.cpu().numpy(), layer.scales.cpu().numpy()
        shape = layer.k, layer.n, layer.group, 4
        pointers = codes.ctypes.data, scales.ctypes.data
        self.library = library
        self.handle = library.checked(library.hbb_weights_create(*shape, *pointers, copies, index))

    def __del__(self):
        if hasattr(self, "handle"):
            self.library.hbb_weights_free(self.handle)


class Halfbyte:
    ours = True
    dtype = torch.float16

    def __init__(self, library, version, schedule, index):
        self.library, self.version, self.index = library, version, index
        self.schedule = schedule
        self.name = f"halfbyte {schedule}"
        self.call = self.weights = None

    @staticmethod
    def copy_bytes(k, n, group):
        return n * k // 2 + 2 * n * k // group

    def prepare(self, layer, copies):
        self.layer = layer
        if layer.packed is None:
            layer.packed = PackedCopies(self.library, layer, copies, self.index)
        self.weights = layer.packed.handle

    def weight(self):
        return self.layer.weight(self.layer.scales)

    def set_x(self, x):
        self._free_call()
        self.m = x.shape[0]
        x = np.ascontiguousarray(x.float().cpu().numpy())
        self.call = self.library.checked(
            self.library.hbb_call_create(
                self.weights, self.m, b"f16", x.ctypes.data, self.schedule.encode(), 0
            )
        )
        self.kernel = self.library.hbb_call_plan(self.call).decode()

    def step(self, i):
        stream = torch.cuda.current_stream().cuda_stream
        self.library.checked(self.library.hbb_call_run(self.call, i, stream) == 0)

    def result(self):
        y = np.empty((self.m, self.layer.n), np.float32)
        self.library.checked(self.library.hbb_call_result(self.call, y.ctypes.data) == 0)
        return torch.from_numpy(y)

    def _free_call(self):
        if self.call:
            self.library.hbb_call_free(self.call)
        self.call = None

    def close(self):
        self._free_call()
        self.weights = self.layer = None


class TorchPeer:
    ours = False
    version = torch.__version__

    def set_x(self, x):
        self.x = x

    def result(self):
        return self.y.float().cpu()

    def close(self):
        self.layer = self.copies = self.x = self.y = None


class DenseF16(TorchPeer):
    name = "torch mm f16 (cuBLAS)"
    dtype = torch.float16

    @staticmethod
    def copy_bytes(k, n, group):
        return 2 * n * k

    def prepare(self, layer, copies):
        first = layer.weight(layer.scales).half()
        self.copies = [first] + [first.roll(i + 1, 0) for i in range(copies - 1)]

    def weight(self):
        return self.copies[0].double()

    def set_x(self, x):
        self.x = x
        self.y = torch.empty(x.shape[0], self.copies[0].shape[0], dtype=x.dtype, device=x.device)

    def step(self, i):
        torch.mm(self.x, self.copies[i].T, out=self.y)


class TinyGemm(TorchPeer):
    """torch's int4 kernel: w = (q - 8) s + z in bf16."""

    name = "torch int4 (tinygemm)"
    dtype = torch.bfloat16
    inner_k_tiles = 8

    @staticmethod
    def copy_bytes(k, n, group):
        return n * k // 2 + 4 * n * k // group

    def prepare(self, layer, copies):
        self.layer = layer
        self.scales = layer.scales.bfloat16()
        both = torch.stack([self.scales, torch.zeros_like(self.scales)], dim=-1).contiguous()
        pairs = (layer.codes[:, ::2] << 4) | layer.codes[:, 1::2]
        packed = torch.ops.aten._convert_weight_to_int4pack(pairs.contiguous(), self.inner_k_tiles)
        self.copies = [(packed, both)]
        self.copies += [(packed.clone(), both.clone()) for _ in range(copies - 1)]

    def weight(self):
        return self.layer.weight(self.scales)

    def step(self, i):
        packed, scales = self.copies[i]
        self.y = torch.ops.aten._weight_int4pack_mm(self.x, packed, self.layer.group, scales)


class Gemlite(TorchPeer):
    name = "gemlite f16"
    dtype = torch.float16

    def __init__(self):
        import gemlite

        self.version = getattr(gemlite, "__version__", "unknown")

    copy_bytes = Halfbyte.copy_bytes

    def prepare(self, layer, copies):
        from gemlite.core import DType, GemLiteLinearTriton

        self.layer = layer
        scales = layer.scales.T.contiguous()
        self.copies = []
        for _ in range(copies):
            one = GemLiteLinearTriton(
                4, layer.group, layer.k, layer.n, input_dtype=DType.FP16, output_dtype=DType.FP16
            )
            one.pack(layer.codes, scales, torch.full_like(scales, 8), None)
            self.copies.append(one)

    def weight(self):
        return self.layer.weight(self.layer.scales)

    def step(self, i):
        self.y = self.copies[i](self.x)


def peers(library, version, schedules, index):
    """All that can be made here, and {name: why} of those that cannot."""
    made = [Halfbyte(library, version, schedule, index) for schedule in schedules]
    missing = {}
    for peer in (DenseF16, TinyGemm, Gemlite):
        try:
            made.append(peer())
        except ImportError as error:
            missing[peer.name] = str(error)
    return made, missing
