#!/usr/bin/env python3
"""Writes the seed corpus of the fuzz targets: small valid files of every kind, and files with one
defect each. Nothing but the standard library; the same bytes on every run.

Usage: make_corpus.py [--check]    --check: exit 1 unless the committed files are what it would write
"""
import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent / "corpus"
SIZES = {"F16": 2, "BF16": 2, "F32": 4, "I32": 4, "I64": 8, "U8": 1, "F8_E8M0": 1}


def numbers(count, seed):
    """Pseudo-random bytes from a linear congruential generator."""
    out, state = bytearray(), seed * 2654435761 % 2**32
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state >> 24)
    return bytes(out)


def safetensors(tensors, metadata=None):
    """tensors: {name: (dtype, shape, bytes or None for pseudo-random ones)}"""
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for i, (name, (dtype, shape, raw)) in enumerate(tensors.items()):
        size = SIZES[dtype]
        for extent in shape:
            size *= extent
        raw = numbers(size, i + 1) if raw is None else raw
        assert len(raw) == size
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + size]}
        data += raw
    return with_header(json.dumps(header, separators=(",", ":")).encode(), data)


def with_header(text, data):
    return struct.pack("<Q", len(text)) + text + data


def ints(values):
    return struct.pack("<%di" % len(values), *values)


def words(fields, bits):
    return -(-fields * bits // 32)


def gptq_layer(name, k, n, bits, group, g_idx=True, bias=False, zeros=None):
    groups = -(-k // group)
    tensors = {
        name + ".qweight": ("I32", [words(k, bits), n], None),
        name + ".qzeros": ("I32", [groups, words(n, bits)], zeros),
        name + ".scales": ("F16", [groups, n], None),
    }
    if g_idx:
        tensors[name + ".g_idx"] = ("I32", [k], ints([(i * 7) % groups for i in range(k)]))
    if bias:
        tensors[name + ".bias"] = ("F16", [n], None)
    return tensors


def compressed_layer(name, k, n, bits, group, symmetric):
    groups = -(-k // group)
    tensors = {
        name + ".weight_packed": ("I32", [n, words(k, bits)], None),
        name + ".weight_scale": ("BF16", [n, groups], None),
        name + ".weight_shape": ("I64", [2], struct.pack("<qq", n, k)),
    }
    if not symmetric:
        tensors[name + ".weight_zero_point"] = ("I32", [words(n, bits), groups], None)
    return tensors


def quantization(method, **more):
    return json.dumps({"quantization_config": dict(quant_method=method, **more)}).encode()


def compressed_config(bits, group, symmetric, kind="int", form="pack-quantized", **more):
    weights = dict(num_bits=bits, type=kind, symmetric=symmetric, group_size=group,
                   strategy="group" if group > 0 else "channel", actorder=None, **more)
    groups = {"group_0": {"targets": ["Linear"], "weights": weights, "input_activations": None}}
    return quantization("compressed-tensors", format=form, config_groups=groups, ignore=["lm_head"])


CONFIGS = {
    "dense": b'{"model_type": "llama", "hidden_size": 64}',
    "gptq": quantization("gptq", bits=4, group_size=32, sym=False, desc_act=True),
    "gptq_sym": quantization("gptq", bits=4, group_size=32, sym=True, desc_act=False),
    "gptq_v2": quantization("gptq", bits=8, group_size=-1, checkpoint_format="gptq_v2"),
    "gptq_3bit": quantization("gptq", bits=3, group_size=8, sym=False),
    "gptq_2bit": quantization("gptq", bits=2, group_size=24, sym=False),
    "gptq_dynamic": quantization("gptq", bits=4, group_size=32, dynamic={"-:lm_head": {}, "+:a": {"bits": 4}}),
    "gptq_marlin": quantization("gptq", bits=4, group_size=128, is_marlin_format=True),
    "awq": quantization("awq", bits=4, group_size=32, zero_point=True, version="GEMM"),
    "awq_gemv": quantization("awq", w_bit=4, q_group_size=32, version="gemv"),
    "compressed": compressed_config(4, 32, True),
    "compressed_asym": compressed_config(8, 16, False),
    "compressed_channel": compressed_config(3, -1, True),
    "mxfp4": compressed_config(4, 32, True, "float", "mxfp4-pack-quantized"),
    "group_12": quantization("gptq", bits=4, group_size=12),
    "two_bits": quantization("awq", bits=4, w_bit=8, group_size=32),
    "key_twice": b'{"quantization_config": {"bits": 4, "bits": 8}}',
    "nested": b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
    "not_utf8": b'{"a": "\xff\xfe"}',
}

MODELS = {
    "dense": ("dense", {"a.weight": ("F32", [2, 3], None)}),
    "gptq": ("gptq", gptq_layer("m.a", 64, 8, 4, 32) | gptq_layer("m.b", 40, 3, 4, 32, bias=True)),
    "gptq_sym": ("gptq_sym", gptq_layer("m.a", 64, 8, 4, 32, False, zeros=b"\x77" * 8)),
    "gptq_ambiguous": ("gptq_sym", gptq_layer("m.a", 64, 8, 4, 32, False, zeros=b"\x88" * 8)),
    "gptq_v2": ("gptq_v2", gptq_layer("m.a", 12, 5, 8, 12)),
    "gptq_3bit": ("gptq_3bit", gptq_layer("m.a", 33, 11, 3, 8)),
    "gptq_2bit": ("gptq_2bit", gptq_layer("m.a", 50, 17, 2, 24, g_idx=False) |
                  {"m.a.g_idx": ("I32", [50], ints([i // 24 for i in range(50)]))}),
    "gptq_bad_g_idx": ("gptq", gptq_layer("m.a", 8, 8, 4, 32, False) |
                       {"m.a.g_idx": ("I32", [8], ints([0, 0, 0, 5, 0, 0, -1, 0]))}),
    "awq": ("awq", {"m.a.qweight": ("I32", [40, 2], None), "m.a.qzeros": ("I32", [2, 2], None),
                    "m.a.scales": ("F16", [2, 16], None)}),
    "compressed": ("compressed", compressed_layer("m.a", 40, 6, 4, 32, True)),
    "compressed_asym": ("compressed_asym", compressed_layer("m.a", 30, 5, 8, 16, False)),
    "compressed_channel": ("compressed_channel", compressed_layer("m.a", 33, 4, 3, 33, True)),
    "mxfp4": ("mxfp4", {"m.a.weight_packed": ("U8", [3, 20], None),
                        "m.a.weight_scale": ("U8", [3, 2], None)}),
}

INDICES = {
    "good": {"metadata": {"total_size": 12}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}},
    "subfolder": {"weight_map": {"a": "sub/model-1.safetensors"}},
    "empty": {"weight_map": {}},
    "up": {"weight_map": {"a": "../model.safetensors"}},
    "root": {"weight_map": {"a": "/etc/passwd"}},
    "drive": {"weight_map": {"a": "C:\\model.safetensors"}},
    "newline": {"weight_map": {"a": "model\n.safetensors"}},
    "nul": {"weight_map": {"a": "model\u0000.safetensors"}},
    "number": {"weight_map": {"a": 1}},
    "list": [],
}


def npy(header, data, version=1, pad=True):
    text = header.encode()
    start = 10 if version == 1 else 12
    if pad:
        text += b" " * (-(start + len(text) + 1) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def dictionary(descr, order, shape):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)


NPYS = {
    "f2": npy(dictionary("'<f2'", False, (2, 3)), numbers(12, 1)),
    "f4": npy(dictionary("'<f4'", False, (3,)), numbers(12, 2)),
    "version2": npy(dictionary("'<f4'", False, (1, 2)), numbers(8, 3), version=2),
    "version3": npy(dictionary("'<f4'", False, (1, 2)), numbers(8, 4), version=3),
    "empty": npy(dictionary("'<f4'", False, (0, 9)), b""),
    "big_endian": npy(dictionary("'>f4'", False, (2,)), numbers(8, 5)),
    "fortran": npy(dictionary("'<f4'", True, (2, 2)), numbers(16, 6)),
    "rank0": npy(dictionary("'<f4'", False, ()), numbers(4, 7)),
    "rank3": npy(dictionary("'<f4'", False, (1, 1, 1)), numbers(4, 8)),
    "dates": npy(dictionary("'<M8[ns]'", False, (1,)), numbers(8, 9)),
    "records": npy(dictionary("[('a', '<f4'), ('b', '<i2', (2, 3))]", False, (1,)), numbers(16, 10)),
    "overflow": npy(dictionary("'<f4'", False, (2**62, 4)), b""),
    "truncated": npy(dictionary("'<f4'", False, (9,)), numbers(8, 11)),
    "unpadded": npy(dictionary("'<f4'", False, (2,)), numbers(8, 12), pad=False),
    "zip": b"PK\x03\x04" + numbers(20, 13),
}

GOOD = safetensors({"a": ("F32", [2, 3], None), "b": ("U8", [5], None), "c": ("F16", [0, 4], None)},
                   {"format": "pt"})


def entry(dtype, shape, begin, end):
    return json.dumps({"dtype": dtype, "shape": shape, "data_offsets": [begin, end]})


SAFETENSORS = {
    "good": GOOD,
    "no_tensors": with_header(b"{}", b""),
    "padded": with_header(b'{"a":' + entry("I64", [1], 0, 8).encode() + b"}      ", numbers(8, 1)),
    "unaligned": safetensors({"x": ("U8", [3], None), "y": ("F32", [2], None), "z": ("BF16", [1], None)}),
    "truncated": GOOD[:-3],
    "cut_header": GOOD[:40],
    "trailing": GOOD + b"x",
    "hole": with_header(('{"a":%s}' % entry("U8", [2], 1, 3)).encode(), b"abc"),
    "overlap": with_header(('{"a":%s,"b":%s}' % (entry("U8", [2], 0, 2), entry("U8", [2], 1, 3))).encode(), b"abc"),
    "overflow": with_header(('{"a":%s}' % entry("F64", [2**61], 0, 0)).encode(), b""),
    "huge": with_header(('{"a":%s}' % entry("U8", [2**63 - 1], 0, 2**63 - 1)).encode(), b""),
    "unknown_dtype": with_header(('{"a":%s}' % entry("Q4", [2], 0, 2)).encode(), b"ab"),
    "key_twice": with_header(('{"a":%s,"a":%s}' % (entry("U8", [1], 0, 1), entry("U8", [1], 1, 2))).encode(), b"ab"),
    "length": struct.pack("<Q", 2**64 - 1) + b"{}",
    "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
}


def files():
    for name, config in CONFIGS.items():
        yield "config/" + name, config
    for name, (config, tensors) in MODELS.items():
        yield "model/" + name, CONFIGS[config] + b"\0" + safetensors(tensors)
    for name, index in INDICES.items():
        yield "shard_index/" + name, json.dumps(index).encode()
    for name, data in NPYS.items():
        yield "npy/" + name, data
    for name, data in SAFETENSORS.items():
        yield "safetensors/" + name, data


def main():
    wanted = dict(files())
    if sys.argv[1:] == ["--check"]:
        present = {str(p.relative_to(ROOT)): p.read_bytes() for p in ROOT.rglob("*") if p.is_file()}
        differ = sorted(n for n in wanted if present.get(n) != wanted[n])
        if differ:
            sys.exit("not what make_corpus.py writes: " + ", ".join(differ))
        return
    for name, data in wanted.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
