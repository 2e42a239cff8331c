"""ggml through ctypes over the shared libraries of a Python package.

Graphs of a few mul_mats that share x, computed by the CPU backend. Quantised weights go into the
repack buffer type where the library has one, as in llama.cpp, so its interleaved kernels run.
"""

import ctypes as ct
import importlib.util
import pathlib

import numpy as np

F32, F16, Q4_0, Q4_K = 0, 1, 2, 12
Q4_K_BLOCK = 256

LogCallback = ct.CFUNCTYPE(None, ct.c_int, ct.c_char_p, ct.c_void_p)


class InitParams(ct.Structure):
    _fields_ = [("mem_size", ct.c_size_t), ("mem_buffer", ct.c_void_p), ("no_alloc", ct.c_bool)]


class TypeTraits(ct.Structure):
    _fields_ = [
        ("type_name", ct.c_char_p),
        ("block_size", ct.c_int64),
        ("block_size_interleave", ct.c_int64),
        ("type_size", ct.c_size_t),
        ("is_quantized", ct.c_bool),
        ("to_float", ct.CFUNCTYPE(None, ct.c_void_p, ct.c_void_p, ct.c_int64)),
    ]


SIGNATURES = {
    "base": {
        "ggml_version": (ct.c_char_p, []),
        "ggml_log_set": (None, [LogCallback, ct.c_void_p]),
        "ggml_init": (ct.c_void_p, [InitParams]),
        "ggml_free": (None, [ct.c_void_p]),
        "ggml_new_tensor_2d": (ct.c_void_p, [ct.c_void_p, ct.c_int, ct.c_int64, ct.c_int64]),
        "ggml_mul_mat": (ct.c_void_p, [ct.c_void_p, ct.c_void_p, ct.c_void_p]),
        "ggml_new_graph": (ct.c_void_p, [ct.c_void_p]),
        "ggml_build_forward_expand": (None, [ct.c_void_p, ct.c_void_p]),
        "ggml_nbytes": (ct.c_size_t, [ct.c_void_p]),
        "ggml_tensor_overhead": (ct.c_size_t, []),
        "ggml_graph_overhead": (ct.c_size_t, []),
        "ggml_get_type_traits": (ct.POINTER(TypeTraits), [ct.c_int]),
        "ggml_backend_alloc_ctx_tensors_from_buft": (ct.c_void_p, [ct.c_void_p, ct.c_void_p]),
        "ggml_backend_cpu_buffer_type": (ct.c_void_p, []),
        "ggml_backend_buffer_free": (None, [ct.c_void_p]),
        "ggml_backend_tensor_set": (None, [ct.c_void_p, ct.c_void_p, ct.c_size_t, ct.c_size_t]),
        "ggml_backend_tensor_get": (None, [ct.c_void_p, ct.c_void_p, ct.c_size_t, ct.c_size_t]),
        "ggml_backend_graph_compute": (ct.c_int, [ct.c_void_p, ct.c_void_p]),
        "ggml_backend_reg_get_proc_address": (ct.c_void_p, [ct.c_void_p, ct.c_char_p]),
        "ggml_backend_reg_dev_get": (ct.c_void_p, [ct.c_void_p, ct.c_size_t]),
        "ggml_backend_buft_name": (ct.c_char_p, [ct.c_void_p]),
        "ggml_backend_free": (None, [ct.c_void_p]),
    },
    "cpu": {
        "ggml_backend_cpu_init": (ct.c_void_p, []),
        "ggml_backend_cpu_reg": (ct.c_void_p, []),
        "ggml_backend_cpu_set_n_threads": (None, [ct.c_void_p, ct.c_int]),
    },
}
FEATURES = ["avx2", "fma", "f16c", "avx512", "avx512_vnni", "avx512_bf16", "llamafile"]


def library_folder():
    spec = importlib.util.find_spec("ggml")
    if spec is None:
        raise ImportError("ggml-python is not installed: pip install -r requirements.txt")
    return pathlib.Path(spec.origin).parent / "lib"


class Library:
    """The functions of libggml-base and libggml-cpu, and one CPU backend."""

    _one = None

    @classmethod
    def get(cls, threads):
        if cls._one is None:
            cls._one = cls()
        cls._one.ggml_backend_cpu_set_n_threads(cls._one.backend, threads)
        return cls._one

    def __init__(self):
        for part, functions in SIGNATURES.items():
            library = ct.CDLL(str(library_folder() / f"libggml-{part}.so"))
            for name, (result, arguments) in functions.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
                setattr(self, name, function)
            if part == "cpu":
                self.features = [f for f in FEATURES if getattr(library, f"ggml_cpu_has_{f}")()]
        self.log = LogCallback(lambda level, text, user: None)  # a line for each repacked tensor
        self.ggml_log_set(self.log, None)
        self.backend = self.ggml_backend_cpu_init()
        self.version = self.ggml_version().decode() + " (" + " ".join(self.features) + ")"
        self.repack = self._find_repack_buffer_type()

    def _find_repack_buffer_type(self):
        registry = self.ggml_backend_cpu_reg()
        address = self.ggml_backend_reg_get_proc_address(
            registry, b"ggml_backend_dev_get_extra_bufts"
        )
        if not address:
            return None
        list_types = ct.CFUNCTYPE(ct.POINTER(ct.c_void_p), ct.c_void_p)(address)
        types = list_types(self.ggml_backend_reg_dev_get(registry, 0))
        for buffer_type in types or []:
            if not buffer_type:
                return None
            if b"REPACK" in self.ggml_backend_buft_name(buffer_type):
                return buffer_type
        return None

    def context(self, tensors, graphs=0):
        """A context for that many tensor and graph descriptions; data lies in buffers."""
        tensor_bytes = self.ggml_tensor_overhead() * tensors
        graph_bytes = self.ggml_graph_overhead() * graphs
        return self.ggml_init(InitParams(tensor_bytes + graph_bytes + 65536, None, True))


def random_rows(type_, k, n, rng):
    """The bytes of an (n, k) weight of a ggml type: random codes, scales of a realistic size."""
    if type_ == F16:
        # 16 random bits with the exponent held at 2^-6 ... 2^-5: sign and mantissa are random.
        bits = rng.integers(0, 1 << 16, n * k, dtype=np.uint16)
        return ((bits & 0x83FF) | 0x2400).view(np.uint8)
    if type_ == Q4_0:  # f16 scale, 16 bytes of codes
        blocks = rng.integers(0, 256, (n * k // 32, 18), dtype=np.uint8)
        scales = rng.uniform(0.002, 0.01, len(blocks)).astype(np.float16)
        blocks[:, 0:2] = scales.view(np.uint8).reshape(-1, 2)
        return blocks.reshape(-1)
    # Q4_K: f16 scale of the scales, f16 scale of the minima, 12 bytes of 6-bit scales and minima,
    # 128 bytes of codes. Minima 7.5 times the scales make the weights centre on zero.
    blocks = rng.integers(0, 256, (n * k // Q4_K_BLOCK, 144), dtype=np.uint8)
    scales = rng.uniform(0.0001, 0.0003, len(blocks))
    blocks[:, 0:2] = scales.astype(np.float16).view(np.uint8).reshape(-1, 2)
    blocks[:, 2:4] = (7.5 * scales).astype(np.float16).view(np.uint8).reshape(-1, 2)
    return blocks.reshape(-1)


class GgmlPeer:
    def __init__(self, type_, threads):
        self.type = type_
        self.library = Library.get(threads)
        base = {F16: "ggml f16 dense", Q4_0: "ggml q4_0", Q4_K: "ggml q4_K"}[type_]
        self.repacked = type_ != F16 and self.library.repack is not None
        self.name = base + (" repacked" if self.repacked else "")
        self.version = self.library.version
        self.accuracy_class = "A" if type_ == F16 else "B"
        self.group = {F16: 0, Q4_0: 32, Q4_K: 32}[type_]

    def copy_bytes(self, k, n):
        return n * k * {F16: 16, Q4_0: 4.5, Q4_K: 4.5}[self.type] / 8

    def prepare(self, k, n, copies, seed):
        lib = self.library
        rng = np.random.default_rng(seed)
        self.k, self.n = k, n
        self.matmuls_per_step = 4 if n * k <= 4096 * 4096 else 2
        self.copies = -(-copies // self.matmuls_per_step) * self.matmuls_per_step
        self.weights_context = lib.context(self.copies)
        self.weights = [
            lib.ggml_new_tensor_2d(self.weights_context, self.type, k, n)
            for _ in range(self.copies)
        ]
        kind = lib.repack if self.repacked else lib.ggml_backend_cpu_buffer_type()
        self.weights_buffer = lib.ggml_backend_alloc_ctx_tensors_from_buft(
            self.weights_context, kind
        )
        if not self.weights_buffer:
            raise MemoryError("ggml could not allocate the weights")
        self.first_rows = None
        for weight in self.weights:
            rows = random_rows(self.type, k, n, rng)
            lib.ggml_backend_tensor_set(weight, rows.ctypes.data, 0, rows.nbytes)
            if self.first_rows is None:
                self.first_rows = rows
        self.call_context = None

    def dequantized(self):
        """Copy 0 as (n, k) float32, by ggml's own conversion."""
        out = np.empty((self.n, self.k), np.float32)
        if self.type == F16:
            out[...] = self.first_rows.view(np.float16).reshape(self.n, self.k)
        else:
            traits = self.library.ggml_get_type_traits(self.type).contents
            traits.to_float(self.first_rows.ctypes.data, out.ctypes.data, self.n * self.k)
        return out

    def set_x(self, x):
        """Builds the graphs for x, (m, k) float32; returns x as it is given to ggml."""
        lib, m = self.library, x.shape[0]
        self._free_call()
        self.outputs, self.graphs = [], []
        steps = self.copies // self.matmuls_per_step
        self.call_context = lib.context(self.copies + 1, graphs=steps)
        self.x = lib.ggml_new_tensor_2d(self.call_context, F32, self.k, m)
        for step in range(steps):
            graph = lib.ggml_new_graph(self.call_context)
            for i in range(self.matmuls_per_step):
                weight = self.weights[step * self.matmuls_per_step + i]
                y = lib.ggml_mul_mat(self.call_context, weight, self.x)
                self.outputs.append(y)
                lib.ggml_build_forward_expand(graph, y)
            self.graphs.append(graph)
        self.call_buffer = lib.ggml_backend_alloc_ctx_tensors_from_buft(
            self.call_context, lib.ggml_backend_cpu_buffer_type()
        )
        x = np.ascontiguousarray(x, np.float32)
        lib.ggml_backend_tensor_set(self.x, x.ctypes.data, 0, x.nbytes)
        self.m = m
        return x

    def step(self, i):
        status = self.library.ggml_backend_graph_compute(self.library.backend, self.graphs[i])
        if status != 0:
            raise RuntimeError(f"ggml_backend_graph_compute returned {status}")

    def result(self):
        """y of copy 0 after step 0, (m, n) float32."""
        y = np.empty((self.m, self.n), np.float32)
        self.library.ggml_backend_tensor_get(self.outputs[0], y.ctypes.data, 0, y.nbytes)
        return y

    def _free_call(self):
        if self.call_context:
            self.library.ggml_backend_buffer_free(self.call_buffer)
            self.library.ggml_free(self.call_context)
            self.call_context = None

    def close(self):
        self._free_call()
        self.library.ggml_backend_buffer_free(self.weights_buffer)
        self.library.ggml_free(self.weights_context)


def peers(threads):
    return [GgmlPeer(type_, threads) for type_ in (Q4_0, Q4_K, F16)]
