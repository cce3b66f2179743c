"""Attention processors in diffusers' sense: fused, with collected or injected keys and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass
class KeysValues:
    """Keys and values of one self-attention layer before the head split, `[frames, tokens, C]`."""

    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class Injection:
    """Foreign keys and values of one layer, and which tokens of each side count.

    `own_mask` and `foreign_mask` are `[frames, tokens]` in the keys' dtype, 1 = the token counts.
    With `remove` a token that does not count is taken out of the softmax; without, its key and
    value become zero, which leaves it a logit of 0 and so a share of the softmax (the released
    behaviour). A frame in which no token at all would count keeps its own.
    """

    foreign: KeysValues
    own_mask: Tensor
    foreign_mask: Tensor
    remove: bool


class SelfAttention:
    """softmax(Q K^T / sqrt(d)) V with torch's fused kernel, optionally with foreign tokens.

    With an injection the keys become [K * own, K' * foreign] along the tokens, likewise the
    values (removed instead of zeroed where `remove`). `collected` receives K and V as they were
    projected.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        injection: Injection | None = None,
        collected: list[KeysValues] | None = None,
    ) -> Tensor:
        query = attn.to_q(hidden_states)
        key = attn.to_k(hidden_states)
        value = attn.to_v(hidden_states)
        if collected is not None:
            collected.append(KeysValues(key, value))
        if injection is not None:
            key, value, attention_mask = _inject(key, value, injection)
        output = functional.scaled_dot_product_attention(
            _heads(query, attn.heads),
            _heads(key, attn.heads),
            _heads(value, attn.heads),
            attn_mask=attention_mask,
        )
        output = output.transpose(1, 2).flatten(2)
        result: Tensor = attn.to_out[1](attn.to_out[0](output))
        return result


def _heads(tokens: Tensor, heads: int) -> Tensor:
    """`[N, T, heads * d]` to `[N, heads, T, d]`."""
    return tokens.view(*tokens.shape[:2], heads, -1).transpose(1, 2)


def _inject(
    key: Tensor, value: Tensor, injection: Injection
) -> tuple[Tensor, Tensor, Tensor | None]:
    foreign = injection.foreign
    if not injection.remove:
        own, other = injection.own_mask.unsqueeze(2), injection.foreign_mask.unsqueeze(2)
        keys = torch.cat([key * own, foreign.keys * other], dim=1)
        values = torch.cat([value * own, foreign.values * other], dim=1)
        return keys, values, None
    counts = torch.cat([injection.own_mask, injection.foreign_mask], dim=1) > 0
    # Where nothing counts the softmax would be 0/0.
    own_tokens = torch.arange(counts.shape[1], device=counts.device) < key.shape[1]
    counts = counts | (~counts.any(dim=1, keepdim=True) & own_tokens)
    keys = torch.cat([key, foreign.keys], dim=1)
    values = torch.cat([value, foreign.values], dim=1)
    return keys, values, counts[:, None, None, :]


def constant_cross_attention(attn: Any, token: Tensor) -> Tensor:
    """Cross-attention to exactly one token: `to_out(to_v(token))`, the same for every pixel.

    The softmax over one key is 1 whatever the query, so `to_q` and `to_k` never matter.
    `token` is `[frames, 1, D]`; the result `[frames, 1, C]`.
    """
    result: Tensor = attn.to_out[1](attn.to_out[0](attn.to_v(token)))
    return result
