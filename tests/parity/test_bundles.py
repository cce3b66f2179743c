"""The released behaviour against every recorded run in the folder MF_PARITY_BUNDLES."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

if TYPE_CHECKING:
    from mf_backend.bench.parity import Bundle

VARIABLE = "MF_PARITY_BUNDLES"
FOLDER = os.environ.get(VARIABLE)


def _bundles() -> list[Path]:
    if not FOLDER:
        return []
    return sorted(path.parent for path in Path(FOLDER).glob("*/config.json"))


BUNDLES = _bundles()
# Of runs with large pictures some steps are computed, unless all is asked for.
SMALL = 256
# Seconds; a 512-pixel bundle is five minutes of one core, and the core may be shared.
TIMEOUT = 3600


def test_bundles_are_there() -> None:
    if not FOLDER:
        pytest.skip(f"{VARIABLE} is not set: no recorded runs to compare with")
    assert BUNDLES, f"{VARIABLE} names {FOLDER}, which holds no bundle"


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("folder", BUNDLES, ids=[path.name for path in BUNDLES])
def test_every_key_is_reproduced(folder: Path, request: pytest.FixtureRequest) -> None:
    """Of a large bundle, without --scale 1: the keys of steps of each kind, namely guided, with
    noise, and replayed with injection; each stretch from what was recorded before it."""
    from mf_backend.bench.parity import compare, load_bundle, load_models, record
    from mf_backend.sampler.memory import MemoryPlan
    from tests.parity.stretches import Stretch, compare_stretches

    bundle, plan = load_bundle(folder), MemoryPlan(kept=1)
    if large(bundle) and request.config.getoption("--scale") < 1:
        stretches = (Stretch(0, 1), Stretch(10, 12), Stretch(22, 24))
        differences = compare_stretches(bundle, stretches, plan)
        keys = [item.key for item in differences]
        latents = [f"edit/latents/{step}" for step in (0, 10, 11, 22, 23)]
        replayed = [f"edit/{name}/22.2" for name in ("guidance", "losses", "renoise_pred")]
        assert {*latents, *replayed, "recon/latents/0", "edit/video"} <= set(keys)
    else:
        differences = compare(bundle, record(bundle, load_models(bundle), plan))
        assert {item.key for item in differences} >= set(bundle.outputs)
    wrong = [item for item in differences if not item.passed]
    assert not wrong


def large(bundle: Bundle) -> bool:
    """Whether a whole run of it takes minutes."""
    return bool(bundle.inputs["source_images"].shape[1] > SMALL)


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("folder", BUNDLES, ids=[path.name for path in BUNDLES])
def test_slices_and_recomputation_reproduce_every_key(folder: Path) -> None:
    from mf_backend.bench.parity import compare, load_bundle, load_models, record
    from mf_backend.sampler.memory import MemoryPlan
    from tests.parity.stretches import Stretch, compare_stretches

    bundle = load_bundle(folder)
    if large(bundle):
        # The same code, only slower: a single guided step stands for it.
        plan = MemoryPlan(frames=1, pixels=512)
        differences = compare_stretches(bundle, (Stretch(0, 1),), plan)
        assert any(item.key.startswith("edit/guidance/") for item in differences)
    else:
        plan = MemoryPlan(frames=3, pixels=32)
        differences = compare(bundle, record(bundle, load_models(bundle), plan))
    assert not [item for item in differences if not item.passed]


@pytest.mark.parametrize("folder", BUNDLES, ids=[path.name for path in BUNDLES])
def test_the_seed_gives_the_recorded_noise(folder: Path) -> None:
    from mf_backend.bench.parity import load_bundle
    from mf_backend.sampler.noise.inpainting import draw
    from mf_backend.sampler.options import Phases

    bundle = load_bundle(folder)
    first = bundle.inputs["latents_init"][0].transpose(0, 1)
    generator = torch.Generator().manual_seed(bundle.options.seed)
    shape = tuple(first.shape)
    assert torch.equal(draw(shape, generator, torch.float32), first)
    phases = Phases(bundle.options)
    noisy = [i for i in range(bundle.options.steps) if phases.noisy(i)]
    recorded = [key for key in bundle.inputs if key.startswith("sde_noise/")]
    assert sorted(recorded) == sorted(f"sde_noise/{i}" for i in noisy)
    for i in noisy:
        drawn = draw(shape, generator, torch.float32)
        assert torch.equal(drawn, bundle.inputs[f"sde_noise/{i}"][0].transpose(0, 1))
