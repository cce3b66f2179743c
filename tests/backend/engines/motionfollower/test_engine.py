"""The diffusion engine with a tiny network: pixels, checkpoints, cancel, bad input."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.clip import open_clip, write_png
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.errors import (
    CancelledError,
    InputError,
    MemoryShortError,
    MFError,
    MissingComponentError,
)
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import ClipKind, Reference, Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.engines.motionfollower import checkpoints

MakeJob = Callable[..., Path]


class Watcher(NullReporter):
    """Keeps what it is told; cancels when told to."""

    def __init__(self, cancel_at: str = "") -> None:
        super().__init__()
        self.total = 0
        self.steps: list[tuple[int, str]] = []
        self._cancel_at = cancel_at

    def begin(self, stage: str, total: int) -> None:
        self.total = total

    def advance(self, step: int, note: str = "") -> None:
        self.steps.append((step, note))
        if self._cancel_at and note.startswith(self._cancel_at):
            raise CancelledError()


def settings_of(folder: Path, **changes: object) -> Settings:
    values = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    return dataclasses.replace(Settings(**values), **changes)


@contextlib.contextmanager
def opened(folder: Path, **changes: object) -> Iterator[EngineJob]:
    with open_clip(Reference(str(folder / "clip"), ClipKind.IMAGES, fps=24.0)) as clip:
        conditions = load_conditions(folder / "conditions")
        yield EngineJob(clip, conditions, settings_of(folder, **changes), folder / "work")


def render(folder: Path, reporter: Watcher | None = None, **changes: object) -> dict[int, Picture]:
    with opened(folder, **changes) as job:
        engine = load_engine("motionfollower")
        return dict(engine.render(job, range(job.clip.count), reporter or Watcher()))


def clip_frame(folder: Path, index: int) -> Picture:
    data = np.fromfile(folder / "clip" / f"{index + 1:06d}.png", np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("size", [(128, 128), (160, 90)])
@pytest.mark.parametrize("camera", [False, True])
def test_only_the_masks_change(diffusion_job: MakeJob, size: tuple[int, int], camera: bool) -> None:
    folder = diffusion_job(size=size, moving_camera=camera, steps=3)
    frames = render(folder)
    assert sorted(frames) == [0, 1, 2]
    conditions = load_conditions(folder / "conditions")
    for index, picture in frames.items():
        outside = (
            conditions.grey("source_masks", index) | conditions.grey("target_masks", index)
        ) == 0
        original = clip_frame(folder, index)
        assert picture.shape == original.shape and picture.dtype == np.uint8
        assert np.array_equal(picture[outside], original[outside])
        assert (picture[~outside] != original[~outside]).any(axis=1).mean() > 0.8


def test_same_seed_same_pixels(diffusion_job: MakeJob) -> None:
    first, second = (render(diffusion_job(name)) for name in ("a", "b"))
    other = render(diffusion_job("c"), seed=7)
    assert all(np.array_equal(first[i], second[i]) for i in first)
    assert any(not np.array_equal(first[i], other[i]) for i in first)


def test_released_runs_with_its_second_network(diffusion_job: MakeJob) -> None:
    from mf_backend.contracts.request import Sampler

    folder = diffusion_job(steps=2)
    plain = render(folder)
    released = render(folder, sampler=Sampler.RELEASED)
    assert any(not np.array_equal(plain[i], released[i]) for i in plain)


def test_draft_takes_fewer_and_cheaper_steps(diffusion_job: MakeJob) -> None:
    from mf_backend.contracts.request import Quality

    watchers = [Watcher(), Watcher()]
    folder = diffusion_job(count=2)
    for watcher, quality in zip(watchers, (Quality.FINAL, Quality.DRAFT), strict=True):
        with pytest.raises(CancelledError):
            watcher._cancel_at = "step 1 of"
            render(folder, watcher, quality=quality, steps=0)
    final, draft = watchers
    assert final.steps[-1][1] == "step 1 of 50"
    assert draft.total < 0.25 * final.total


def test_memory_presets_give_the_same_frames(diffusion_job: MakeJob) -> None:
    wide = render(diffusion_job("a"), memory="24")
    narrow = render(diffusion_job("b"), memory="6")
    for index in wide:
        difference = np.abs(wide[index].astype(int) - narrow[index].astype(int))
        assert difference.max() <= 2


def test_progress_ends_at_its_total_and_never_falls(diffusion_job: MakeJob) -> None:
    watcher = Watcher()
    render(diffusion_job(), watcher)
    steps = [step for step, _ in watcher.steps]
    assert steps == sorted(steps)
    assert steps[-1] == watcher.total
    assert any(note == "step 5 of 5" for _, note in watcher.steps)


def test_cancel_keeps_the_state_and_the_result(diffusion_job: MakeJob) -> None:
    whole = render(diffusion_job("a"))
    folder = diffusion_job("b")
    watcher = Watcher(cancel_at="step 2")
    with pytest.raises(CancelledError):
        render(folder, watcher)
    kept = list((folder / "work").glob("sampler-*.safetensors"))
    assert len(kept) == 1
    resumed = Watcher()
    frames = render(folder, resumed)
    notes = [note for _, note in resumed.steps]
    assert not any(note.startswith("step 1 ") for note in notes)
    assert resumed.total < watcher.total
    assert all(np.array_equal(whole[i], frames[i]) for i in whole)


def test_state_of_other_settings_is_not_used(diffusion_job: MakeJob) -> None:
    folder = diffusion_job("a")
    with pytest.raises(CancelledError):
        render(folder, Watcher(cancel_at="step 2"))
    other = render(folder, seed=9)
    fresh = render(diffusion_job("b"), seed=9)
    assert all(np.array_equal(other[i], fresh[i]) for i in other)
    assert len(list((folder / "work").glob("sampler-*.safetensors"))) == 1


def test_damaged_state_is_started_again(diffusion_job: MakeJob) -> None:
    whole = render(diffusion_job("a"))
    folder = diffusion_job("b")
    with pytest.raises(CancelledError):
        render(folder, Watcher(cancel_at="step 2"))
    (kept,) = (folder / "work").glob("sampler-*.safetensors")
    kept.write_bytes(kept.read_bytes()[:-100])
    frames = render(folder)
    assert all(np.array_equal(whole[i], frames[i]) for i in whole)


def test_finished_denoising_is_not_done_again(diffusion_job: MakeJob) -> None:
    folder = diffusion_job()
    whole = render(folder)
    watcher = Watcher()
    with opened(folder) as job:
        again = dict(load_engine("motionfollower").render(job, [1], watcher))
    assert list(again) == [1]
    assert np.array_equal(again[1], whole[1])
    assert not any(note.startswith("step") for _, note in watcher.steps)


def test_states_are_saved_when_due(diffusion_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints are at least one a minute, judged by a clock that runs 10 s a look."""
    saved: list[float] = []
    now = [0.0]

    def clock() -> float:
        now[0] += 10.0
        return now[0]

    save = checkpoints.Checkpoints.save
    start = checkpoints.Checkpoints.__init__
    monkeypatch.setattr(
        checkpoints.Checkpoints, "save", lambda self, s: (save(self, s), saved.append(now[0]))
    )
    monkeypatch.setattr(
        checkpoints.Checkpoints, "__init__", lambda self, f, k: start(self, f, k, clock)
    )
    render(diffusion_job(steps=12))
    gaps = np.diff([0.0, *saved])
    assert len(saved) > 2
    assert max(gaps) <= 60


def test_missing_weights_say_how_to_get_them(diffusion_job: MakeJob, odd_path: Path) -> None:
    folder = diffusion_job()
    with pytest.raises(MissingComponentError) as caught:
        render(folder, weights=str(odd_path / "nothing"))
    assert int(caught.value.exit_code) == 3
    assert "weights import" in caught.value.hint
    engine = load_engine("motionfollower")
    missing = engine.missing(settings_of(folder, weights=str(odd_path / "nothing")))
    assert missing and "weights.json" in missing[0].what
    assert engine.missing(settings_of(folder)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"steps": -1}, "steps"),
        ({"steps": 2000}, "steps"),
        ({"cfg": 0.5}, "cfg"),
        ({"cfg": float("nan")}, "cfg"),
        ({"guidance": -1.0}, "energy-scale"),
        ({"memory": "7"}, "memory-unknown"),
        ({"device": "toaster"}, "device-unknown"),
        ({"device": "cuda:99"}, "device-missing"),
        ({"device": "cpu:5"}, "device-missing"),
    ],
)
def test_wrong_settings_are_refused_before_any_work(
    diffusion_job: MakeJob, changes: dict[str, object], code: str
) -> None:
    watcher = Watcher()
    with pytest.raises(MFError) as caught:
        render(diffusion_job(), watcher, **changes)
    assert caught.value.code == code
    assert not watcher.steps


def test_mask_of_another_size(diffusion_job: MakeJob) -> None:
    folder = diffusion_job()
    write_png(folder / "conditions/target_masks/frame_1.png", np.zeros((64, 64), np.uint8))
    watcher = Watcher()
    with pytest.raises(InputError, match="target_masks of frame 1"):
        render(folder, watcher)
    assert not watcher.steps


def test_mask_that_is_missing(diffusion_job: MakeJob) -> None:
    folder = diffusion_job()
    (folder / "conditions/source_masks/frame_2.png").unlink()
    with pytest.raises(InputError, match="source_masks of frame 2"):
        render(folder)


def test_joints_of_another_count(diffusion_job: MakeJob) -> None:
    folder = diffusion_job()
    (folder / "clip/000003.png").unlink()
    with pytest.raises(InputError, match="2 frames"):
        render(folder)


def test_no_known_joint(diffusion_job: MakeJob) -> None:
    folder = diffusion_job()
    path = folder / "conditions/joints.npz"
    with np.load(path) as data:
        values = dict(data)
    values["target"] = np.full_like(values["target"], np.nan)
    np.savez(path, **values)
    with pytest.raises(InputError, match="target"):
        render(folder)


def test_weights_that_are_not_finite(diffusion_job: MakeJob, odd_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from mf_backend.weights.tiny import make_tiny_set

    made = make_tiny_set(odd_path / "broken")
    path = odd_path / "broken" / "unet.safetensors"
    tensors = load_file(path)
    tensors["conv_out.bias"][1] = float("nan")
    save_file(tensors, path)
    watcher = Watcher()
    with pytest.raises(InputError, match=r"conv_out\.bias"):
        render(diffusion_job(), watcher, weights=str(made.folder))
    assert not watcher.steps


def test_what_cannot_fit_is_refused(
    diffusion_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mf_backend.engines.motionfollower.memory import presets

    monkeypatch.setattr(presets, "free_bytes", lambda device: 1_000_000)
    watcher = Watcher()
    with pytest.raises(MemoryShortError) as caught:
        render(diffusion_job(), watcher)
    assert int(caught.value.exit_code) == 4
    assert "GiB" in str(caught.value)
    assert not watcher.steps


def test_running_out_of_memory_goes_on_smaller(
    diffusion_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first preset fails in its third unit; the job says so and ends with the same frames."""
    import torch

    from mf_backend.sampler import loop

    whole = render(diffusion_job("a"), memory="24")
    advance = loop._Loop.advance
    calls: list[object] = []

    def failing(self: loop._Loop, state: object, unit: object) -> None:
        calls.append(self.plan)
        if len(calls) == 3:
            raise torch.OutOfMemoryError("full")
        advance(self, state, unit)

    monkeypatch.setattr(loop._Loop, "advance", failing)
    watcher = Watcher()
    frames = render(diffusion_job("b"), watcher, memory="24")
    assert [code for code, _ in watcher.warnings] == ["weights-tiny", "memory-preset"]
    assert calls[0] != calls[3]
    for index in whole:
        assert np.abs(whole[index].astype(int) - frames[index].astype(int)).max() <= 2
