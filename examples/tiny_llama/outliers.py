"""Puts outlier channels into a 16-bit Llama without changing its function:

    python3 outliers.py f16 f16-outliers input,value,query [FACTOR]

Pairs of factors that cancel, powers of two: no weight is rounded but the few that become subnormal
in f16, which are counted.
  input  gains of both RMSNorms of a block times s, those columns of q, k, v and gate, up over s:
         channels of the linears' inputs are s times as large
  value  rows of v_proj times s, the columns of o_proj that read them over s
  query  rows of q_proj times s and of k_proj over s, both rows of a rotary pair: q k^T stays
  key    the other way round, the same pairs
  inner  rows of up_proj times s, the columns of down_proj that read them over s
  stream the residual stream in its principal axes, an orthogonal map that RMSNorm without gains
         lets through (arXiv 2401.15024): the first channels are large. Every matrix is rounded to
         f16 once more; gains must have been folded (halfbyte rotate --no-residual --no-heads)
"""

import json
import pathlib
import shutil
import struct
import sys

import numpy

HIDDEN_CHANNELS, INNER_CHANNELS, VALUE_CHANNELS, QUERY_PAIRS = 4, 4, 2, 1
FACTORS = {"input": 32.0, "inner": 32.0, "value": 32.0, "query": 64.0, "key": 64.0}


def read(path, dtype="<f2"):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == {"<f2": "F16", "<f4": "F32"}[dtype], name
        tensors[name] = numpy.frombuffer(data[begin:end], dtype).reshape(entry["shape"]).copy()
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


def turn_to_principal_axes(tensors, layers):
    """The second moment of the stream is taken from the weights of all that write to it and their
    inputs' second moments, as if inputs were uncorrelated and bytes equally frequent."""
    moments = read(pathlib.Path(__file__).parent / "importance.safetensors", "<f4")
    writers = [f"model.layers.{layer}.{name}" for layer in range(layers)
               for name in ("self_attn.o_proj", "mlp.down_proj")]
    embedding = tensors["model.embed_tokens.weight"].astype(numpy.float64)
    stream = embedding.T @ embedding / len(embedding)
    for name in writers:
        weight = tensors[name + ".weight"].astype(numpy.float64)
        stream += (weight * moments[name]) @ weight.T
    variances, axes = numpy.linalg.eigh(stream)
    axes = axes[:, ::-1]  # columns, the largest first
    largest = numpy.sqrt(variances[-1] / variances.mean())
    print(f"the largest channel of the stream is {largest:.1f} times the root mean square")
    for name, tensor in tensors.items():
        if tensor.ndim == 1:
            assert (tensor == 1).all(), f"{name}: gains are to be folded first"
            continue
        writes = name.removesuffix(".weight") in writers
        turned = axes.T @ tensor if writes else tensor @ axes
        tensors[name] = numpy.ascontiguousarray(turned.astype(numpy.float16))


def main(source, target, kinds, factors):
    config = json.loads((source / "config.json").read_text())
    tensors = read(source / "model.safetensors")
    random, random_inner = map(numpy.random.default_rng, (20261121, 20261122))
    head_dim, kv_heads = config["head_dim"], config["num_key_value_heads"]
    heads, rounded = config["num_attention_heads"], 0
    hidden = random.choice(config["hidden_size"], HIDDEN_CHANNELS, replace=False)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        weight = lambda name: tensors[at + name + ".weight"]
        norms = (("input_layernorm", ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
                 ("post_attention_layernorm", ["mlp.gate_proj", "mlp.up_proj"]))
        for norm, readers in norms if "input" in kinds else ():
            rounded += scale(weight(norm), hidden, factors["input"])
            for name in readers:
                rounded += scale(weight(name), (slice(None), hidden), 1 / factors["input"])
        if "inner" in kinds:
            inner = random_inner.choice(config["intermediate_size"], INNER_CHANNELS, replace=False)
            rounded += scale(weight("mlp.up_proj"), inner, factors["inner"])
            rounded += scale(weight("mlp.down_proj"), (slice(None), inner), 1 / factors["inner"])
        for kv in range(kv_heads):
            queries = range(kv * heads // kv_heads, (kv + 1) * heads // kv_heads)
            channels = random.choice(head_dim, VALUE_CHANNELS, replace=False)
            pairs = random.choice(head_dim // 2, QUERY_PAIRS, replace=False)
            both = numpy.concatenate([pairs, pairs + head_dim // 2])
            rows = kv * head_dim  # of keys and values; `of` gives those of the queries
            of = lambda channels: [q * head_dim + channels for q in queries]
            if "value" in kinds:
                rounded += scale(weight("self_attn.v_proj"), rows + channels, factors["value"])
                for columns in of(channels):
                    rounded += scale(weight("self_attn.o_proj"), (slice(None), columns),
                                     1 / factors["value"])
            for kind, power in ("query", 1), ("key", -1):
                if kind in kinds:
                    factor = factors[kind] ** power
                    rounded += scale(weight("self_attn.k_proj"), rows + both, 1 / factor)
                    for columns in of(both):
                        rounded += scale(weight("self_attn.q_proj"), columns, factor)
    if "stream" in kinds:
        turn_to_principal_axes(tensors, config["num_hidden_layers"])
    target.mkdir(parents=True, exist_ok=True)
    write(target / "model.safetensors", tensors)
    shutil.copy(source / "config.json", target / "config.json")
    total = sum(tensor.size for tensor in tensors.values())
    print(f"{rounded} of {total} values became subnormal in f16 and were rounded")


if __name__ == "__main__":
    source, target, kinds, *factor = sys.argv[1:]
    kinds = kinds.split(",")
    assert set(kinds) <= {*FACTORS, "stream"}, f"kinds are {', '.join(FACTORS)}, stream"
    main(pathlib.Path(source), pathlib.Path(target), kinds,
         dict.fromkeys(FACTORS, float(factor[0])) if factor else FACTORS)
