"""A kept state of the denoising that is not what was written is not gone on from."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch

from mf_backend.engines.motionfollower.checkpoints import Checkpoints
from mf_backend.sampler.state import SamplerState

CPU = torch.device("cpu")


@pytest.fixture
def kept(odd_path: Path) -> tuple[Checkpoints, SamplerState]:
    """Checkpoints with one state, in the middle of a step."""
    generator = torch.Generator().manual_seed(5)
    recon, edit = torch.randn(2, 3, 4, 8, 8, generator=generator)
    partial = {"sum": torch.randn(3, 4, 8, 8, generator=generator).to(torch.bfloat16)}
    state = SamplerState(recon, edit, 7, generator, partial)
    checkpoints = Checkpoints(odd_path, "ab" * 32)
    checkpoints.save(state)
    return checkpoints, state


def test_a_state_reads_back(kept: tuple[Checkpoints, SamplerState]) -> None:
    checkpoints, state = kept
    said: list[str] = []
    found = checkpoints.load(CPU, lambda code, text: said.append(code))
    assert found is not None and not said
    assert torch.equal(found.edit, state.edit) and found.position == 7
    assert torch.equal(found.partial["sum"], state.partial["sum"])


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("bytes_changed", [1, 400])
def test_a_changed_one_is_said_and_not_used(
    kept: tuple[Checkpoints, SamplerState], place: float, bytes_changed: int
) -> None:
    checkpoints, _ = kept
    data = bytearray(checkpoints.path.read_bytes())
    start = int(len(data) * place)
    for index in range(start, min(len(data), start + bytes_changed)):
        data[index] ^= 0x11
    checkpoints.path.write_bytes(data)
    said: list[str] = []
    assert checkpoints.load(CPU, lambda code, text: said.append(code)) is None
    assert said == ["checkpoint-damaged"]


def test_a_position_that_was_changed(kept: tuple[Checkpoints, SamplerState]) -> None:
    checkpoints, _ = kept
    data = checkpoints.path.read_bytes()
    assert data.count(b'"position":"7"') == 1
    checkpoints.path.write_bytes(data.replace(b'"position":"7"', b'"position":"8"'))
    assert checkpoints.load(CPU, lambda code, text: None) is None


def test_states_from_before_they_carried_a_hash(kept: tuple[Checkpoints, SamplerState]) -> None:
    checkpoints, state = kept
    data = checkpoints.path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = {"format": "motionfollower-sampler-1", "position": "7"}
    plain = json.dumps(header).encode()
    plain += b" " * (-len(plain) % 8)
    checkpoints.path.write_bytes(struct.pack("<Q", len(plain)) + plain + data[8 + length :])
    found = checkpoints.load(CPU, lambda code, text: pytest.fail(text))
    assert found is not None and torch.equal(found.recon, state.recon)
