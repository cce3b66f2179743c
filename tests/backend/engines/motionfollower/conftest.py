"""A small job for the diffusion engine: real files, a tiny network."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mf_backend.clip import write_png
from mf_backend.contracts.files import write_npz
from mf_backend.contracts.request import Settings

CHILD = """
import json, sys
from pathlib import Path
import numpy as np
from mf_backend.clip import open_clip, write_png
from mf_backend.contracts.conditions import load_conditions
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.engines.motionfollower import checkpoints
from mf_backend.contracts.request import ClipKind, Reference, Settings
from mf_backend.contracts.progress import NullReporter
folder, every = Path(sys.argv[1]), float(sys.argv[2])
checkpoints.EVERY_SECONDS = every
settings = Settings(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))
class Steps(NullReporter):
    def advance(self, step, note=""):
        print(note, flush=True)
with open_clip(Reference(str(folder / "clip"), ClipKind.IMAGES, fps=24.0)) as clip:
    job = EngineJob(clip, load_conditions(folder / "conditions"), settings, folder / "work")
    for index, picture in load_engine("motionfollower").render(job, range(clip.count), Steps()):
        write_png(folder / "out" / f"{index}.png", picture)
print("finished", flush=True)
"""


def write_job(folder: Path, settings: Settings, count: int, size: tuple[int, int]) -> Path:
    """Clip, conditions and settings of a job with a person-sized patch that moves right."""
    for part in ("clip", "conditions", "work", "out"):
        (folder / part).mkdir(parents=True)
    width, height = size
    noise = np.random.default_rng(3)
    background = noise.integers(0, 255, (height, width, 3), dtype=np.uint8)
    source, target = (np.full((count, 60, 2), np.nan, np.float32) for _ in range(2))
    for i in range(count):
        frame = background.copy()
        masks = []
        for joints, x in ((source, width // 4), (target, width // 4 + 8 + i)):
            mask = np.zeros((height, width), np.uint8)
            mask[height // 4 : height - 8, x : x + width // 5] = 255
            masks.append(mask)
            for joint in range(18):
                joints[i, joint] = (x + joint % 5 * 3, height // 4 + joint * 3)
        frame[masks[0] > 0] = (200, 80, 40)
        write_png(folder / "clip" / f"{i + 1:06d}.png", frame)
        for kind, mask in zip(("source_masks", "target_masks"), masks, strict=True):
            write_png(folder / "conditions" / kind / f"frame_{i}.png", mask)
    write_npz(
        folder / "conditions" / "joints.npz",
        source=source,
        target=target,
        size=np.array(size),
        source_state=np.ones((count, 60), np.uint8),
    )
    text = json.dumps(dataclasses.asdict(settings))
    (folder / "settings.json").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def render_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Renders a job folder in a process of its own: SCRIPT FOLDER SECONDS_BETWEEN_CHECKPOINTS.

    Prints each unit's note as it is done, and "finished" at the end.
    """
    script = tmp_path_factory.mktemp("script") / "render.py"
    script.write_text(CHILD, encoding="utf-8")
    return script


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny set."""
    from mf_backend.weights.tiny import make_tiny_set

    folder = tmp_path_factory.mktemp("tiny weights ö") / "set"
    make_tiny_set(folder)
    return folder


@pytest.fixture
def diffusion_job(odd_path: Path, tiny_weights: Path) -> Callable[..., Path]:
    """Writes a job folder: settings by name, `count` frames of `size` (width, height)."""

    def make(
        name: str = "job",
        count: int = 3,
        size: tuple[int, int] = (128, 128),
        **settings: object,
    ) -> Path:
        chosen = Settings(
            **{
                "engine": "motionfollower",
                "weights": str(tiny_weights),
                "device": "cpu",
                "steps": 5,
                **settings,
            }
        )
        return write_job(odd_path / name, chosen, count, size)

    return make
