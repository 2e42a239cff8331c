#!/usr/bin/env python3
"""Trains the byte-level Llama of this folder on Python's standard library and measures it.

    python3 train.py --out DIR                            # one GPU, two minutes
    python3 train.py --out DIR --device cpu --small       # no GPU: < 2 M parameters

Needs torch and numpy. Writes f16/config.json and f16/model.safetensors (the checkpoint),
record.json, importance.safetensors, heldout.txt, heldout_files.txt and reference_logits.npy into
DIR. What they hold: README.md.
"""

import argparse
import copy
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import corpus
import safetensors_file
from model import SMALL, Llama, Shape
from rtn import rtn

BITS_PER_NAT = 1 / math.log(2)
SAMPLE_BYTES = 100_000   # heldout.txt
PREFIX_BYTES = 16_384    # what the demonstration reads of it
PROMPT = b"def main(argv):\n"  # 16 bytes; reference_logits.npy holds its logits


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="under 2 M parameters")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--peak-rate", type=float, default=1.5e-3)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--dropout", type=float, default=0.15)
    parser.add_argument("--evaluate-every", type=int, default=200)
    return parser.parse_args()


def as_tokens(text, device):
    return torch.from_numpy(np.frombuffer(text, np.uint8).copy()).long().to(device)


def autocast(device):
    return torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda")


@torch.no_grad()
def nats_per_byte(model, tokens, context, batch=32):
    """Mean cost of a byte: windows of `context` side by side, each window's first byte unscored."""
    model.eval()
    full = len(tokens) // context * context
    windows = list(tokens[:full].view(-1, context).split(batch))
    if len(tokens) - full > 1:
        windows.append(tokens[full:][None])
    total, count = 0.0, 0
    for window in windows:
        logits = model(window)[:, :-1].float()
        target = window[:, 1:]
        total += F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum").item()
        count += target.numel()
    return total / count


def with_rtn(model):
    rounded = copy.deepcopy(model)
    for module in rounded.quantised_linears().values():
        module.weight.data = rtn(module.weight.data)
    return rounded


def in_f16(model):
    rounded = copy.deepcopy(model)
    for parameter in rounded.parameters():
        parameter.data = parameter.data.half().float()
    return rounded


def learning_rate(step, args):
    """Linear warm-up over 2 % of the steps, then half a cosine down to 2 % of the peak."""
    warm = max(1, args.steps // 50)
    if step < warm:
        return args.peak_rate * (step + 1) / warm
    done = (step - warm) / max(1, args.steps - warm)
    return args.peak_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def average_into(average, model, decay):
    with torch.no_grad():
        torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def train(args, shape, device, training, validation):
    """The average of the weights over the run's last part, and the loss curve."""
    model = Llama(shape, args.dropout).to(device)
    average = copy.deepcopy(model)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": args.weight_decay},
         {"params": others, "weight_decay": 0.0}],
        lr=args.peak_rate, betas=(0.9, 0.95), fused=device.type == "cuda")
    context = shape.max_position_embeddings
    positions = torch.arange(context + 1, device=device)
    generator = torch.Generator(device=device).manual_seed(args.seed)
    curve, best, best_loss = [], average, math.inf
    started = time.time()
    for step in range(args.steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, args)
        start = torch.randint(len(training) - context, (args.batch, 1), device=device,
                              generator=generator)
        window = training[start + positions]
        model.train()
        with autocast(device):
            logits = model(window[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), window[:, 1:].flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average_into(average, model, min(0.995, (step + 1) / (step + 10)))
        if (step + 1) % args.evaluate_every == 0 or step + 1 == args.steps:
            dense = nats_per_byte(average, validation, context)
            rounded = nats_per_byte(with_rtn(average), validation, context)
            point = {"step": step + 1, "seconds": round(time.time() - started, 1),
                     "learning_rate": round(learning_rate(step, args), 7),
                     "training_bits_per_byte": round(loss.item() * BITS_PER_NAT, 4),
                     "validation_bits_per_byte": round(dense * BITS_PER_NAT, 4),
                     "validation_rtn4_perplexity_ratio": round(math.exp(rounded - dense), 5)}
            curve.append(point)
            print(json.dumps(point), flush=True)
            if dense < best_loss:
                best, best_loss = copy.deepcopy(average), dense
    return best, curve


@torch.no_grad()
def input_second_moments(model, tokens):
    """{linear: mean of x_i^2 over the calibration windows} (k,) in f32."""
    moments, hooks = {}, []

    def keep(name):
        def hook(_, inputs):
            mean = inputs[0].double().square().flatten(0, -2).mean(0)
            moments[name] = moments.get(name, 0) + mean
        return hook

    linears = model.quantised_linears()
    for name, module in linears.items():
        hooks.append(module.register_forward_pre_hook(keep(name)))
    batches = tokens.split(8)
    for batch in batches:
        model(batch)
    for hook in hooks:
        hook.remove()
    return {name: (value / len(batches)).float() for name, value in moments.items()}


def measure(model, text, device):
    context = model.shape.max_position_embeddings
    tokens = as_tokens(text, device)
    dense = nats_per_byte(model, tokens, context)
    rounded = nats_per_byte(with_rtn(model), tokens, context)
    return {"bytes": len(text), "context": context,
            "bits_per_byte": dense * BITS_PER_NAT, "perplexity": math.exp(dense),
            "rtn4_perplexity": math.exp(rounded), "rtn4_perplexity_ratio": math.exp(rounded - dense)}


def main():
    args = parse_arguments()
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    shape = SMALL if args.small else Shape()
    files = corpus.read()
    texts = {role: b"".join(text for _, text in entries) for role, entries in files.items()}
    tokens = {role: as_tokens(text, device) for role, text in texts.items()}
    print(json.dumps(corpus.describe(files)), flush=True)

    started = time.time()
    average, curve = train(args, shape, device, tokens["training"], tokens["validation"])
    seconds = time.time() - started
    model = in_f16(average).eval()
    (args.out / "f16").mkdir(parents=True, exist_ok=True)
    safetensors_file.write(args.out / "f16" / "model.safetensors",
                           {name: p.half() for name, p in model.named_parameters()})
    (args.out / "f16" / "config.json").write_text(json.dumps(shape.config_json(), indent=2) + "\n")

    context = shape.max_position_embeddings
    generator = torch.Generator().manual_seed(args.seed + 1)
    start = torch.randint(len(tokens["training"]) - context, (128, 1), generator=generator)
    calibration = tokens["training"][(start + torch.arange(context)).to(device)]
    safetensors_file.write(args.out / "importance.safetensors",
                           input_second_moments(model, calibration))

    sample_files, sample = corpus.sample(files["held_out"], SAMPLE_BYTES)
    (args.out / "heldout.txt").write_bytes(sample)
    (args.out / "heldout_files.txt").write_text(
        "".join(f"{path}\n" for path, _ in files["held_out"]))
    with torch.no_grad():
        logits = copy.deepcopy(model).double()(as_tokens(PROMPT, device)[None])[0]
    np.save(args.out / "reference_logits.npy", logits.float().cpu().numpy())

    record = {
        "command": "python3 train.py " + " ".join(sys.argv[1:]),
        "seed": args.seed,
        "arguments": {k: v for k, v in vars(args).items() if k != "out"},
        "text": corpus.describe(files),
        "heldout_txt_files": sample_files,
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
        "training_seconds": round(seconds, 1),
        "calibration": "128 windows of the training text",
        "reference_prompt": PROMPT.decode(),
        "held_out": measure(model, texts["held_out"], device),
        "heldout_txt": measure(model, sample, device),
        "heldout_txt_prefix": measure(model, sample[:PREFIX_BYTES], device),
        "curve": curve,
    }
    (args.out / "record.json").write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps({k: record[k] for k in ("parameters", "held_out", "heldout_txt",
                                             "heldout_txt_prefix")}, indent=1))


if __name__ == "__main__":
    main()
