"""A Llama in torch whose parameters have the names of a Hugging Face checkpoint.

RMSNorm before each half of a block, rotary positions by halves (feature i turns with feature
i + head_dim/2), grouped-query attention, SwiGLU, an output head of its own.
"""

import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass(frozen=True)
class Shape:
    hidden_size: int = 256
    intermediate_size: int = 768
    num_hidden_layers: int = 9
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    head_dim: int = 64
    vocab_size: int = 256
    max_position_embeddings: int = 512
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0

    def config_json(self):
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            **dataclasses.asdict(self),
            "hidden_act": "silu",
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": False,
            "torch_dtype": "float16",
        }


SMALL = Shape(intermediate_size=512, num_hidden_layers=3)


def rotary_table(shape, length, like):
    """cos and sin (length, head_dim): angle t * theta^(-2i/head_dim) for i and i + head_dim/2."""
    half = torch.arange(0, shape.head_dim, 2, device=like.device, dtype=torch.float64)
    rate = shape.rope_theta ** (-half / shape.head_dim)
    angle = torch.arange(length, device=like.device, dtype=torch.float64)[:, None] * rate
    angle = torch.cat([angle, angle], dim=1)
    return angle.cos().to(like.dtype), angle.sin().to(like.dtype)


def rotate(x, cos, sin):
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-high, low], dim=-1) * sin


class RMSNorm(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.hidden_size))
        self.eps = shape.rms_norm_eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


class Attention(nn.Module):
    def __init__(self, shape, dropout):
        super().__init__()
        self.heads, self.kv_heads = shape.num_attention_heads, shape.num_key_value_heads
        self.head_dim, self.dropout = shape.head_dim, dropout
        width = self.heads * self.head_dim
        kv_width = self.kv_heads * self.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, width, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, kv_width, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, kv_width, bias=False)
        self.o_proj = nn.Linear(width, shape.hidden_size, bias=False)

    def forward(self, x, cos, sin):
        def split(y, heads):
            return y.unflatten(-1, (heads, self.head_dim)).transpose(1, 2)

        repeat = self.heads // self.kv_heads
        q = rotate(split(self.q_proj(x), self.heads), cos, sin)
        k = rotate(split(self.k_proj(x), self.kv_heads), cos, sin).repeat_interleave(repeat, 1)
        v = split(self.v_proj(x), self.kv_heads).repeat_interleave(repeat, 1)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True,
                                           dropout_p=dropout)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, shape, dropout):
        super().__init__()
        self.input_layernorm = RMSNorm(shape)
        self.self_attn = Attention(shape, dropout)
        self.post_attention_layernorm = RMSNorm(shape)
        self.mlp = MLP(shape)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, cos, sin):
        x = x + self.drop(self.self_attn(self.input_layernorm(x), cos, sin))
        return x + self.drop(self.mlp(self.post_attention_layernorm(x)))


class Llama(nn.Module):
    def __init__(self, shape, dropout=0.0):
        super().__init__()
        self.shape = shape
        self.model = nn.ModuleDict({
            "embed_tokens": nn.Embedding(shape.vocab_size, shape.hidden_size),
            "layers": nn.ModuleList(Block(shape, dropout) for _ in range(shape.num_hidden_layers)),
            "norm": RMSNorm(shape),
        })
        self.drop = nn.Dropout(dropout)
        self.lm_head = nn.Linear(shape.hidden_size, shape.vocab_size, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # The two projections that write to the residual stream start smaller, so that its
                # variance does not grow with depth.
                writes = name.endswith(("o_proj.weight", "down_proj.weight"))
                scale = (2 * shape.num_hidden_layers) ** -0.5 if writes else 1.0
                nn.init.normal_(parameter, std=0.02 * scale)

    def forward(self, tokens):
        x = self.drop(self.model["embed_tokens"](tokens))
        cos, sin = rotary_table(self.shape, tokens.shape[1], x)
        for block in self.model["layers"]:
            x = block(x, cos, sin)
        return self.lm_head(self.model["norm"](x))

    def quantised_linears(self):
        """{prefix: module}: every linear of the blocks; embedding and head stay 16-bit."""
        return {name: module for name, module in self.named_modules()
                if isinstance(module, nn.Linear) and name != "lm_head"}
