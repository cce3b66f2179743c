"""Masked keys: zeroed as released, removed by default."""

from __future__ import annotations

import pytest
import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor
from torch.nn import functional

from mf_backend.models.denoiser.attention import KeysValues, SelfAttention
from mf_backend.sampler.conditions import Masks
from mf_backend.sampler.injection import MaskedInjector

FRAMES, HEIGHT, WIDTH, CHANNELS, HEADS = 2, 4, 6, 16, 2
TOKENS = HEIGHT * WIDTH


@pytest.fixture
def attention() -> Attention:
    torch.manual_seed(0)
    return Attention(CHANNELS, heads=HEADS, dim_head=8, processor=SelfAttention()).eval()


def _noise(seed: int) -> Tensor:
    return torch.randn((FRAMES, TOKENS, CHANNELS), generator=torch.Generator().manual_seed(seed))


def _masks() -> Masks:
    source = torch.zeros(FRAMES, 1, 4 * HEIGHT, 4 * WIDTH)
    target = torch.zeros_like(source)
    source[:, :, 4:12, 4:16] = 1
    target[:, :, 4:12, 12:24] = 1
    target[1] = 0
    source[1] = 1
    return Masks(source, target)


def _attend(attention: Attention, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    def heads(t: Tensor) -> Tensor:
        return t.unflatten(1, (HEADS, -1)).transpose(0, 1)

    out = functional.scaled_dot_product_attention(
        heads(attention.to_q(tokens)), heads(keys), heads(values)
    )
    return attention.to_out[0](out.transpose(0, 1).flatten(1))


def _run(attention: Attention, *, remove: bool) -> tuple[Tensor, Tensor, KeysValues]:
    tokens, foreign = _noise(1), KeysValues(_noise(2), _noise(3))
    injector = MaskedInjector({"layer": foreign}, _masks(), remove=remove)
    with torch.no_grad():
        result = attention(tokens, injection=injector("layer", HEIGHT, WIDTH))
    return tokens, result, foreign


@torch.no_grad()
def _only_unmasked(attention: Attention, tokens: Tensor, foreign: KeysValues, i: int) -> Tensor:
    source, target = (mask.flatten(1)[i] > 0 for mask in _masks().at(HEIGHT, WIDTH))
    keys = torch.cat([attention.to_k(tokens[i])[target], foreign.keys[i][~source]])
    values = torch.cat([attention.to_v(tokens[i])[target], foreign.values[i][~source]])
    return _attend(attention, tokens[i], keys, values)


def test_removed_keys_have_no_share_of_the_softmax(attention: Attention) -> None:
    tokens, result, foreign = _run(attention, remove=True)
    expected = _only_unmasked(attention, tokens, foreign, 0)
    assert torch.allclose(result[0], expected, atol=1e-5)


def test_zeroed_keys_keep_a_share_and_pull_towards_zero(attention: Attention) -> None:
    tokens, result, foreign = _run(attention, remove=False)
    expected = _only_unmasked(attention, tokens, foreign, 0)
    assert not torch.allclose(result[0], expected, atol=1e-2)
    bias = attention.to_out[0].bias
    assert float((result[0] - bias).norm()) < float((expected - bias).norm())


def test_a_frame_without_any_key_keeps_its_own(attention: Attention) -> None:
    tokens, result, _ = _run(attention, remove=True)
    with torch.no_grad():
        plain = attention(tokens)
    assert torch.allclose(result[1], plain[1], atol=1e-5)
