"""Puts outlier channels into a 16-bit Llama without changing its function:

    python3 outliers.py f16 f16-outliers input,value,query

Pairs of factors that cancel, powers of two: no weight is rounded but the few that become subnormal
in f16, which are counted.
  input  gains of both RMSNorms of a block times s, those columns of q, k, v and gate, up over s:
         channels of the linears' inputs are s times as large
  value  rows of v_proj times s, the columns of o_proj that read them over s
  query  rows of q_proj times s and of k_proj over s, both rows of a rotary pair: q k^T stays
"""

import json
import pathlib
import shutil
import struct
import sys

import numpy

HIDDEN_CHANNELS, VALUE_CHANNELS, QUERY_PAIRS = 4, 2, 1
INPUT_FACTOR, VALUE_FACTOR, QUERY_FACTOR = 32.0, 32.0, 64.0


def read(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == "F16", name
        tensors[name] = numpy.frombuffer(data[begin:end], "<f2").reshape(entry["shape"]).copy()
    return tensors


def write(path, tensors):
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in sorted(tensors.items()):
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text
                     + b"".join(tensor.tobytes() for _, tensor in sorted(tensors.items())))


def scale(tensor, index, factor):
    """Multiplies a part of a tensor; says how many of its values became subnormal and were rounded."""
    before = tensor[index].astype(numpy.float64)
    tensor[index] = (before * factor).astype(numpy.float16)
    assert numpy.isfinite(tensor[index]).all(), "a value left the range of f16"
    return int((tensor[index].astype(numpy.float64) != before * factor).sum())


def main(source, target, kinds):
    config = json.loads((source / "config.json").read_text())
    tensors = read(source / "model.safetensors")
    random = numpy.random.default_rng(20261121)
    head_dim, kv_heads = config["head_dim"], config["num_key_value_heads"]
    heads, rounded = config["num_attention_heads"], 0
    hidden = random.choice(config["hidden_size"], HIDDEN_CHANNELS, replace=False)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        weight = lambda name: tensors[at + name + ".weight"]
        norms = (("input_layernorm", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
                 ("post_attention_layernorm", ["mlp.gate_proj", "mlp.up_proj"]))
        for norm, readers in norms if "input" in kinds else ():
            rounded += scale(weight(norm), hidden, INPUT_FACTOR)
            for name in readers:
                rounded += scale(weight(name), (slice(None), hidden), 1 / INPUT_FACTOR)
        for kv in range(kv_heads):
            queries = range(kv * heads // kv_heads, (kv + 1) * heads // kv_heads)
            channels = random.choice(head_dim, VALUE_CHANNELS, replace=False)
            pairs = random.choice(head_dim // 2, QUERY_PAIRS, replace=False)
            both = numpy.concatenate([pairs, pairs + head_dim // 2])
            if "value" in kinds:
                rounded += scale(weight("self_attn.v_proj"), kv * head_dim + channels, VALUE_FACTOR)
                for q in queries:
                    rounded += scale(weight("self_attn.o_proj"),
                                     (slice(None), q * head_dim + channels), 1 / VALUE_FACTOR)
            if "query" in kinds:
                rounded += scale(weight("self_attn.k_proj"), kv * head_dim + both, 1 / QUERY_FACTOR)
                for q in queries:
                    rounded += scale(weight("self_attn.q_proj"), q * head_dim + both, QUERY_FACTOR)
    target.mkdir(parents=True, exist_ok=True)
    write(target / "model.safetensors", tensors)
    shutil.copy(source / "config.json", target / "config.json")
    total = sum(tensor.size for tensor in tensors.values())
    print(f"{rounded} of {total} values became subnormal in f16 and were rounded")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3].split(","))
