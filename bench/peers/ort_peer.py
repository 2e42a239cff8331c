"""onnxruntime's MatMulNBits: 4-bit weights, float32 activations.

Accuracy level 1 computes in float32, level 4 quantises the activations to int8. A session holds a
few nodes that share x, so that the cost of a session call is spread as in a model.
"""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper


class OrtPeer:
    def __init__(self, level, group):
        self.level, self.group = level, group
        self.name = "onnxruntime " + {1: "fp32", 4: "int8"}[level]
        self.version = f"{ort.__version__} accuracy level {level}"
        self.accuracy_class = {1: "A", 4: "B"}[level]

    def copy_bytes(self, k, n):
        return n * k // 2 + 4 * n * k // self.group

    def prepare(self, k, n, copies, seed):
        self.k, self.n = k, n
        self.matmuls_per_step = 4 if n * k <= 4096 * 4096 else 2
        self.copies = -(-copies // self.matmuls_per_step) * self.matmuls_per_step
        groups = k // self.group
        rng = np.random.default_rng(seed)
        self.sessions = []
        self.first = None
        for _ in range(self.copies // self.matmuls_per_step):
            weights = []
            for _ in range(self.matmuls_per_step):
                codes = rng.integers(0, 256, (n, groups, self.group // 2), dtype=np.uint8)
                scales = rng.uniform(0.002, 0.01, (n, groups)).astype(np.float32)
                weights.append((codes, scales))
            self.first = self.first or weights[0]
            self.sessions.append(self._session(weights))

    def _session(self, weights):
        nodes, initializers = [], []
        for i, (codes, scales) in enumerate(weights):
            initializers.append(numpy_helper.from_array(codes, f"codes{i}"))
            initializers.append(numpy_helper.from_array(scales.reshape(-1), f"scales{i}"))
            nodes.append(
                helper.make_node(
                    "MatMulNBits",
                    ["x", f"codes{i}", f"scales{i}"],
                    [f"y{i}"],
                    domain="com.microsoft",
                    K=self.k,
                    N=self.n,
                    bits=4,
                    block_size=self.group,
                    accuracy_level=self.level,
                )
            )
        graph = helper.make_graph(
            nodes,
            "peer",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", self.k])],
            [
                helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, ["m", self.n])
                for i in range(len(weights))
            ],
            initializers,
        )
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        options = ort.SessionOptions()
        options.use_per_session_threads = False  # one pool for all sessions, as in an application
        options.log_severity_level = 3
        return ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def dequantized(self):
        codes, scales = self.first
        q = np.empty((self.n, self.k // self.group, self.group), np.float32)
        q[..., 0::2] = codes & 15  # low nibble first
        q[..., 1::2] = codes >> 4
        return ((q - 8) * scales[..., None]).reshape(self.n, self.k)

    def set_x(self, x):
        self.m = x.shape[0]
        self.x = ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(x, np.float32))
        self.y = [
            ort.OrtValue.ortvalue_from_numpy(np.zeros((self.m, self.n), np.float32))
            for _ in range(self.matmuls_per_step)
        ]
        self.bindings = []
        for session in self.sessions:
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", self.x)
            for i, y in enumerate(self.y):
                binding.bind_ortvalue_output(f"y{i}", y)
            self.bindings.append(binding)
        return x

    def step(self, i):
        self.sessions[i].run_with_iobinding(self.bindings[i])

    def result(self):
        return self.y[0].numpy()

    def close(self):
        self.bindings = self.sessions = self.first = None


def peers(threads):
    ort.set_global_thread_pool_sizes(threads, 1)
    return [OrtPeer(level, group) for level in (1, 4) for group in (32, 128)]
