"""The baseline does the released work: it reproduces recorded runs of the released sampler."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

FOLDER = os.environ.get("MF_PARITY_BUNDLES", "")
NAMES = ("edit25_cfg7_camera",)
"""With everything that a run can have; the others leave parts of it out."""


def relative(mine: torch.Tensor, reference: torch.Tensor) -> float:
    reference = reference.double()
    return float((mine.double().reshape(reference.shape) - reference).norm() / reference.norm())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_recorded_latents_are_reproduced(name: str) -> None:
    folder = Path(FOLDER) / name
    if not FOLDER or not folder.is_dir():
        pytest.skip(f"MF_PARITY_BUNDLES holds no {name}")
    from benchmarks.plain_port.pipeline import PlainInputs, PlainPort, plain_unet
    from mf_backend.bench.parity import load_bundle, load_models

    bundle = load_bundle(folder)
    models = load_models(bundle)
    assert models.estimator is not None
    raw = bundle.inputs
    to_picture = raw["source_images"].permute(0, 3, 1, 2).float() / 255
    poses = [
        models.pose_controller(raw[key].permute(0, 3, 1, 2).float() / 255)
        for key in ("source_poses", "target_poses")
    ]
    inputs = PlainInputs(
        raw["clip_image_embeds"].unsqueeze(1),
        *poses,
        to_picture * 2 - 1,
        raw["source_masks"].float(),
        raw["target_masks"].float(),
    )
    options = bundle.options
    port = PlainPort(
        models.config,
        plain_unet(models.config, models.unet.state_dict(), False),
        plain_unet(models.config, models.estimator.state_dict(), True),
        inputs,
        options.steps,
        options.cfg,
        options.energy_scale,
        options.moving_camera,
    )
    x = raw["latents_init"]
    for i in range(options.steps):
        x = port.reconstruct_step(i, x)
    assert relative(x, bundle.outputs["recon/latents_final"]) < 1e-5
    x = raw["latents_init"]
    for i in range(options.steps):
        x = port.edit_step(i, x, lambda i=i: raw[f"sde_noise/{i}"])
        assert relative(x, bundle.outputs["edit/latents"][i]) < 2e-5, i
