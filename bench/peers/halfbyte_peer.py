"""halfbyte through the C interface in bench/capi."""

import ctypes as ct

import numpy as np

from activations import to_bf16_exact, to_f16_exact

ROUND_X = {"f16": to_f16_exact, "bf16": to_bf16_exact, "f32": lambda x: x}
CPU = -1  # as a device; I is the GPU cuda:I
SIGNATURES = {
    "hbb_error": (ct.c_char_p, []),
    "hbb_set_threads": (None, [ct.c_int]),
    "hbb_weights_create": (
        ct.c_void_p,
        [ct.c_int64] * 3 + [ct.c_int, ct.c_void_p, ct.c_void_p, ct.c_int, ct.c_int],
    ),
    "hbb_weights_free": (None, [ct.c_void_p]),
    "hbb_weights_bytes": (ct.c_int64, [ct.c_void_p]),
    "hbb_call_create": (
        ct.c_void_p,
        [ct.c_void_p, ct.c_int64, ct.c_char_p, ct.c_void_p, ct.c_char_p, ct.c_int64],
    ),
    "hbb_call_free": (None, [ct.c_void_p]),
    "hbb_call_plan": (ct.c_char_p, [ct.c_void_p]),
    "hbb_call_run": (ct.c_int, [ct.c_void_p, ct.c_int, ct.c_void_p]),
    "hbb_call_result": (ct.c_int, [ct.c_void_p, ct.c_void_p]),
    "hbb_read_gbps": (ct.c_double, [ct.c_int]),
    "hbb_multiply_add_rate": (ct.c_double, []),
}


class Library:
    """libhalfbyte_bench_c: halfbyte's kernels and the machine's probes."""

    def __init__(self, path, threads):
        library = ct.CDLL(str(path))
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self.hbb_set_threads(threads)

    def checked(self, ok):
        if not ok:
            raise RuntimeError(self.hbb_error().decode())
        return ok

    def read_gbps(self, device=CPU):
        return self.checked(self.hbb_read_gbps(device))

    def multiply_add_rate(self):
        return self.hbb_multiply_add_rate()


class HalfbytePeer:
    accuracy_class = "A"
    matmuls_per_step = 1
    ours = True
    bits = 4

    def __init__(self, library, version, dtype, group):
        self.library, self.version = library, version
        self.dtype, self.group = dtype, group
        self.name = f"halfbyte {dtype}"
        self.call = None

    def copy_bytes(self, k, n):
        return n * k // 2 + 2 * n * k // self.group

    def prepare(self, k, n, copies, seed):
        self.k, self.n, self.copies = k, n, copies
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(0, 16, (n, k), dtype=np.uint8)
        self.scales = rng.uniform(0.002, 0.01, (k // self.group, n)).astype(np.float16)
        self.weights = self.library.checked(
            self.library.hbb_weights_create(
                k,
                n,
                self.group,
                self.bits,
                self.codes.ctypes.data,
                self.scales.ctypes.data,
                copies,
                CPU,
            )
        )

    def dequantized(self):
        """By the definition (q - 8) s, not by the library."""
        scale_nk = np.repeat(self.scales.T.astype(np.float32), self.group, axis=1)
        return (self.codes.astype(np.float32) - 8) * scale_nk

    def set_x(self, x):
        self._free_call()
        x = np.ascontiguousarray(ROUND_X[self.dtype](x))
        self.m = x.shape[0]
        self.call = self.library.checked(
            self.library.hbb_call_create(
                self.weights, self.m, self.dtype.encode(), x.ctypes.data, b"auto", 0
            )
        )
        self.kernel = self.library.hbb_call_plan(self.call).decode()
        return x

    def step(self, i):
        if self.library.hbb_call_run(self.call, i, None) != 0:
            raise RuntimeError(self.library.hbb_error().decode())

    def result(self):
        y = np.empty((self.m, self.n), np.float32)
        self.library.checked(self.library.hbb_call_result(self.call, y.ctypes.data) == 0)
        return y

    def _free_call(self):
        if self.call:
            self.library.hbb_call_free(self.call)
            self.call = None

    def close(self):
        self._free_call()
        self.library.hbb_weights_free(self.weights)
        self.codes = self.scales = None


def peers(library, version):
    rows = [("f16", 128), ("bf16", 128), ("f32", 128), ("f16", 32)]
    return [HalfbytePeer(library, version, dtype, group) for dtype, group in rows]
