"""The set of weights that comes with the package, and the engine that paints with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mf_backend.clip import open_clip
from mf_backend.clip.picture_file import read_grey
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import ClipKind, Reference, Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.models.config import ModelConfig
from mf_backend.weights.folder import WEIGHTS_VARIABLE, sample_folder
from mf_backend.weights.weight_set import Kind, open_set, verify

from .conftest import write_job

MOST_BYTES = 20_000_000


def test_the_set_is_whole_small_and_says_where_it_is_from() -> None:
    found = open_set(sample_folder())
    assert set(verify(sample_folder()).values()) == {"ok"}
    assert sum(record.bytes for record in found.files.values()) <= MOST_BYTES
    assert found.kind is Kind.TRAINED
    assert {"recipe", "hours", "stands at", "note"} <= found.notes.keys()
    assert "GPL-3.0-or-later" in found.notes["note"]


def test_it_paints_in_a_frame_of_any_shape_with_nothing_imported(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(odd_path / "nothing"))
    settings = Settings(engine="sample", device="cpu", steps=2, guidance=0.0)
    folder = write_job(odd_path / "job", settings, 2, (200, 120))
    engine, reporter = load_engine("sample"), NullReporter()
    assert not engine.missing(settings)
    assert load_engine("motionfollower").missing(settings)
    conditions = load_conditions(folder / "conditions")
    with open_clip(Reference(str(folder / "clip"), ClipKind.IMAGES, fps=24.0)) as clip:
        job = EngineJob(clip, conditions, settings, folder / "work")
        made = dict(engine.render(job, range(2), reporter))
        clips = [clip.read(i) for i in range(2)]
    for index, before in enumerate(clips):
        masks = [read_grey(conditions.path(f"{who}_masks", index)) for who in ("source", "target")]
        inside = np.maximum(*masks) > 0
        assert made[index].shape == (120, 200, 3)
        np.testing.assert_array_equal(made[index][~inside], before[~inside])
        assert np.abs(made[index].astype(int) - before)[inside].mean() > 5
    # The set starts from the preview's pictures, whose plate two frames hardly show.
    assert {code for code, _ in reporter.warnings} <= {"plate-inpainted"}


def test_its_window_is_a_square_of_its_own_size(odd_path: Path) -> None:
    from mf_backend.engines.motionfollower.inputs import window_for

    settings = Settings(engine="sample")
    folder = write_job(odd_path / "job", settings, 2, (400, 160))
    side = ModelConfig.from_folder(sample_folder()).picture_side
    with open_clip(Reference(str(folder / "clip"), ClipKind.IMAGES, fps=24.0)) as clip:
        job = EngineJob(clip, load_conditions(folder / "conditions"), settings, folder / "work")
        window = window_for(job, side, square=True)
    assert window.width == window.height and window.size == (side, side)
