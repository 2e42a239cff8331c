#!/usr/bin/env python3
"""Writes the golden checkpoints of this folder, and with --check compares them with what is there.

Independent of the library on purpose: every format is written out here from its description in
docs/formats.md, with Python's own integers, and the expected weights come from the codes that went
in, not from reading the result. Standard library only. Each case is a folder with config.json,
model.safetensors (or shards) and expected/LAYER.npy, the weight W of shape (k, n) in float32.
"""

import argparse
import json
import pathlib
import random
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
SIZES = {"F16": 2, "BF16": 2, "F32": 4, "I32": 4, "I64": 8, "U8": 1}
PACKS = {"F16": "<e", "F32": "<f", "I32": "<I", "I64": "<q", "U8": "<B"}


# ---------------------------------------------------------------- numbers and files


def to_f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def to_f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def to_bf16(x):
    """Towards zero: the scales drawn below only have to be bf16 values."""
    bits = struct.unpack("<I", struct.pack("<f", x))[0] & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def tensor(dtype, shape, values):
    """(dtype, shape, bytes) of a row-major tensor."""
    count = 1
    for extent in shape:
        count *= extent
    assert len(values) == count, (dtype, shape, len(values))
    if dtype == "BF16":
        data = b"".join(struct.pack("<f", v)[2:] for v in values)
    else:
        data = b"".join(struct.pack(PACKS[dtype], v) for v in values)
    return dtype, list(shape), data


def safetensors(tensors):
    header, data = {}, b""
    for name in sorted(tensors, key=lambda name: (-SIZES[tensors[name][0]], name)):
        dtype, shape, content = tensors[name]
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def npy(rows):
    shape = (len(rows), len(rows[0]))
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % (shape,)
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    data = b"".join(struct.pack("<f", v) for row in rows for v in row)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


# ---------------------------------------------------------------- bit streams


def words(fields, bits):
    """Fields as a dense stream, the first in the lowest bits, cut into 32-bit words."""
    stream = 0
    for i, field in enumerate(fields):
        assert 0 <= field < 1 << bits, field
        stream |= field << (bits * i)
    count = -(-len(fields) * bits // 32)
    return [stream >> (32 * w) & 0xFFFFFFFF for w in range(count)]


def transpose(rows):
    return [list(column) for column in zip(*rows)]


def flat(rows):
    return [value for row in rows for value in row]


# ---------------------------------------------------------------- a random weight


class Weight:
    """codes[k][n], scales[g][n], zeros[g][n], g_idx[k]: what every writer below starts from."""

    def __init__(self, seed, k, n, bits, group, symmetric, scale="F16", act_order=False,
                 zeros=None):
        draw = random.Random(seed)
        self.k, self.n, self.bits, self.symmetric, self.scale_dtype = k, n, bits, symmetric, scale
        self.group = k if group == -1 else group
        self.groups = -(-k // self.group)
        top = (1 << bits) - 1
        self.codes = [[draw.randint(0, top) for _ in range(n)] for _ in range(k)]
        rounding = {"F16": to_f16, "BF16": to_bf16, "F32": to_f32}[scale]
        self.scales = [[rounding(draw.uniform(0.001, 0.03) * draw.choice([1, 1, 1, -1]))
                        for _ in range(n)] for _ in range(self.groups)]
        self.scales[0][0] = rounding(2.0 ** -24)  # the smallest f16
        self.scales[-1][1] = 0.0
        middle = 1 << (bits - 1)
        self.zeros = [[middle if symmetric else draw.choice(zeros or range(top + 1))
                       for _ in range(n)] for _ in range(self.groups)]
        self.g_idx = [i // self.group for i in range(k)]
        if act_order:
            draw.shuffle(self.g_idx)

    def expected(self):
        return [[to_f32((self.codes[i][j] - self.zeros[self.g_idx[i]][j])
                        * self.scales[self.g_idx[i]][j])
                 for j in range(self.n)] for i in range(self.k)]


# ---------------------------------------------------------------- the formats


def gptq_zero_words(zeros, bits, version):
    """One row of qzeros. Version 1 holds zeros less one, as GPTQModel's writer makes them:
    word arithmetic for 2, 4 and 8 bits, so that a zero of 0 borrows from its neighbour; by field
    for 3 bits, whose fields straddle words."""
    if version == 2:
        return words(zeros, bits)
    if bits == 3:
        return words([(z - 1) % 8 for z in zeros], 3)
    ones = sum(1 << (bits * i) for i in range(32 // bits))
    return [(word - ones) % (1 << 32) for word in words(zeros, bits)]


def gptq_layer(name, w, version, with_g_idx=True, bias=None):
    columns = [words(column, w.bits) for column in transpose(w.codes)]
    qweight = transpose(columns)
    qzeros = [gptq_zero_words(row, w.bits, version) for row in w.zeros]
    out = {
        name + ".qweight": tensor("I32", (len(qweight), w.n), flat(qweight)),
        name + ".qzeros": tensor("I32", (w.groups, len(qzeros[0])), flat(qzeros)),
        name + ".scales": tensor(w.scale_dtype, (w.groups, w.n), flat(w.scales)),
    }
    if with_g_idx:
        out[name + ".g_idx"] = tensor("I32", (w.k,), w.g_idx)
    if bias:
        out[name + ".bias"] = tensor(bias, (w.n,), [j / 16 - 0.5 for j in range(w.n)])
    return out


def gptq_config(w, group, version_key=None, desc_act=False):
    config = {"quant_method": "gptq", "bits": w.bits, "group_size": group, "sym": w.symmetric,
              "desc_act": desc_act}
    if version_key:
        config["checkpoint_format"] = version_key
    return config


AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def awq_words(row):
    """Eight neighbours along n to a word: nibble i holds column 8c + AWQ_ORDER[i]."""
    out = []
    for c in range(0, len(row), 8):
        out += words([row[c + AWQ_ORDER[i]] for i in range(8)], 4)
    return out


def awq_layer(name, w):
    qweight = [awq_words(row) for row in w.codes]
    qzeros = [awq_words(row) for row in w.zeros]
    return {
        name + ".qweight": tensor("I32", (w.k, w.n // 8), flat(qweight)),
        name + ".qzeros": tensor("I32", (w.groups, w.n // 8), flat(qzeros)),
        name + ".scales": tensor(w.scale_dtype, (w.groups, w.n), flat(w.scales)),
    }


def compressed_layer(name, w, act_order=False, bias=None):
    """Stored as q itself in 0 ... 2^bits - 1: the signed code plus 2^(bits-1)."""
    packed = [words(column, w.bits) for column in transpose(w.codes)]
    out = {
        name + ".weight_packed": tensor("I32", (w.n, len(packed[0])), flat(packed)),
        name + ".weight_scale": tensor(w.scale_dtype, (w.n, w.groups), flat(transpose(w.scales))),
        name + ".weight_shape": tensor("I64", (2,), [w.n, w.k]),
    }
    if not w.symmetric:
        zeros = transpose([words(row, w.bits) for row in w.zeros])  # packed along n, the first axis
        out[name + ".weight_zero_point"] = tensor("I32", (len(zeros), w.groups), flat(zeros))
    if act_order:
        out[name + ".weight_g_idx"] = tensor("I32", (w.k,), w.g_idx)
    if bias:
        out[name + ".bias"] = tensor(bias, (w.n,), [j / 16 - 0.5 for j in range(w.n)])
    return out


def compressed_config(w, strategy, group, actorder=None, form="pack-quantized", kind="int"):
    weights = {"num_bits": w.bits, "type": kind, "symmetric": w.symmetric, "strategy": strategy,
               "group_size": group, "actorder": actorder}
    return {"quant_method": "compressed-tensors", "format": form,
            "quantization_status": "compressed", "ignore": ["lm_head"],
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights,
                                          "input_activations": None}}}


E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]


def mxfp4_case(seed, k, n):
    """Two e2m1 codes to a byte along k, the first in the low nibble; one e8m0 scale to 32."""
    draw = random.Random(seed)
    codes = [[draw.randint(0, 15) for _ in range(k)] for _ in range(n)]
    scales = [[draw.randint(110, 130) for _ in range(k // 32)] for _ in range(n)]
    value = [m * sign for sign in (1.0, -1.0) for m in E2M1]
    expected = [[value[codes[j][i]] * 2.0 ** (scales[j][i // 32] - 127) for j in range(n)]
                for i in range(k)]
    bytes_ = [[row[i] | row[i + 1] << 4 for i in range(0, k, 2)] for row in codes]
    name = "model.layers.0.mlp.down_proj"
    tensors = {
        name + ".weight_packed": tensor("U8", (n, k // 2), flat(bytes_)),
        name + ".weight_scale": tensor("U8", (n, k // 32), flat(scales)),
    }
    weights = {"num_bits": 4, "type": "float", "symmetric": True, "strategy": "group",
               "group_size": 32}
    config = {"quant_method": "compressed-tensors", "format": "mxfp4-pack-quantized",
              "quantization_status": "compressed", "ignore": ["lm_head"],
              "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights,
                                            "input_activations": None}}}
    return case(config, tensors, {name: expected})


# ---------------------------------------------------------------- the cases


def model_config(quantization):
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    if quantization:
        config["quantization_config"] = quantization
    return (json.dumps(config, indent=2) + "\n").encode()


def case(quantization, tensors, expected):
    files = {"config.json": model_config(quantization), "model.safetensors": safetensors(tensors)}
    for layer, rows in expected.items():
        files["expected/" + layer + ".npy"] = npy(rows)
    return files


LAYER = "model.layers.0.mlp.down_proj"


def gptq_case(seed, k, n, bits, group, symmetric, version=1, with_g_idx=True, act_order=False,
              bias=None, version_key=None, zeros=None):
    w = Weight(seed, k, n, bits, group, symmetric, act_order=act_order, zeros=zeros)
    return case(gptq_config(w, group, version_key, act_order),
                gptq_layer(LAYER, w, version, with_g_idx, bias), {LAYER: w.expected()})


def gptq_side_config_case(seed):
    """The settings in a quantize_config.json of their own, as older tools left them."""
    w = Weight(seed, 64, 16, 4, 32, True)
    files = case(None, gptq_layer(LAYER, w, 1), {LAYER: w.expected()})
    side = {"bits": 4, "group_size": 32, "desc_act": False, "sym": True, "damp_percent": 0.01}
    files["quantize_config.json"] = (json.dumps(side, indent=2) + "\n").encode()
    return files


def gptq_sharded_case(seed):
    first = Weight(seed, 64, 24, 4, 16, True)
    second = Weight(seed + 1, 96, 16, 4, 16, True)
    names = ["model.layers.0.self_attn.q_proj", "model.layers.1.mlp.up_proj"]
    shards = [gptq_layer(names[0], first, 2), gptq_layer(names[1], second, 2)]
    shards[0]["model.norm.weight"] = tensor("BF16", (24,), [1.0] * 24)
    files = case(gptq_config(first, 16, "gptq_v2"), {},
                 {names[0]: first.expected(), names[1]: second.expected()})
    del files["model.safetensors"]
    weight_map, total = {}, 0
    for i, tensors in enumerate(shards):
        shard = "model-%05d-of-00002.safetensors" % (i + 1)
        files[shard] = safetensors(tensors)
        weight_map.update({name: shard for name in tensors})
        total += sum(len(content) for _, _, content in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    files["model.safetensors.index.json"] = (json.dumps(index, indent=2) + "\n").encode()
    return files


def awq_case(seed, side_config):
    w = Weight(seed, 64, 24, 4, 32, False)
    config = {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True,
              "version": "gemm"}
    files = case(None if side_config else config, awq_layer(LAYER, w), {LAYER: w.expected()})
    if side_config:
        old = {"w_bit": 4, "q_group_size": 32, "zero_point": True, "version": "GEMM"}
        files["quant_config.json"] = (json.dumps(old, indent=2) + "\n").encode()
    return files


def compressed_case(seed, k, n, bits, group, symmetric, scale, actorder=None, bias=None):
    w = Weight(seed, k, n, bits, group, symmetric, scale, act_order=actorder == "group")
    strategy = "channel" if group == -1 else "group"
    config = compressed_config(w, strategy, None if group == -1 else group, actorder)
    return case(config, compressed_layer(LAYER, w, actorder == "group", bias),
                {LAYER: w.expected()})


def cases():
    return {
        "gptq_v1_sym": gptq_case(1, 64, 24, 4, 16, True, bias="F16", version_key="gptq"),
        "gptq_v1_asym": gptq_case(2, 96, 16, 4, 32, False, with_g_idx=False),
        "gptq_v1_zero_borrows": gptq_case(3, 64, 16, 4, 16, False, zeros=[0, 0, 1, 15]),
        "gptq_v1_2bit": gptq_case(4, 64, 16, 2, 32, False),
        "gptq_v1_3bit": gptq_case(5, 64, 24, 3, 16, False),
        "gptq_v1_8bit": gptq_case(6, 64, 16, 8, 32, False, zeros=[0, 1, 127, 128, 255]),
        "gptq_v1_one_group": gptq_case(7, 72, 16, 4, -1, False),
        "gptq_v1_group8": gptq_case(8, 64, 16, 4, 8, True),
        "gptq_v1_ragged": gptq_case(9, 88, 16, 4, 32, False),
        "gptq_v1_group_over_k": gptq_case(10, 64, 16, 4, 128, True),
        "gptq_v1_act_order": gptq_case(11, 64, 16, 4, 16, False, act_order=True),
        "gptq_v1_side_config": gptq_side_config_case(12),
        "gptq_v2_sym": gptq_case(13, 64, 16, 4, 32, True, version=2, version_key="gptq_v2"),
        "gptq_v2_asym": gptq_case(14, 64, 24, 4, 16, False, version=2, version_key="gptq_v2",
                                  bias="BF16"),
        "gptq_v2_3bit": gptq_case(15, 96, 32, 3, 32, False, version=2, version_key="gptq_v2"),
        "gptq_v2_sharded": gptq_sharded_case(16),
        "awq_gemm": awq_case(20, False),
        "awq_gemm_side_config": awq_case(21, True),
        "compressed_group_sym": compressed_case(30, 64, 24, 4, 32, True, "BF16", bias="BF16"),
        "compressed_group_asym": compressed_case(31, 96, 20, 4, 32, False, "F16"),
        "compressed_channel": compressed_case(32, 72, 16, 4, -1, True, "BF16"),
        "compressed_act_order": compressed_case(33, 64, 16, 4, 16, True, "F16", "group"),
        "compressed_8bit": compressed_case(34, 64, 16, 8, 32, True, "F32"),
        "mxfp4": mxfp4_case(40, 64, 24),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    differing = []
    for name, files in cases().items():
        for relative, content in files.items():
            path = HERE / name / relative
            if check:
                if not path.is_file() or path.read_bytes() != content:
                    differing.append(str(path.relative_to(HERE)))
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    for path in differing:
        print("differs:", path, file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
