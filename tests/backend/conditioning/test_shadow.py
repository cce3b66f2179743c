"""The shadow in a conditioning folder, and in the frames that are made from it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.clip import write_png
from mf_backend.compositing.shade import hidden_by, shade_of
from mf_backend.conditioning.shadow import SOURCE, TARGET, move_shadow
from mf_backend.contracts.conditions import Conditions, load_conditions
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Settings, Shadow
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.jobs.analysis.findings import DiskFindings
from tests.backend.lit_figure import Lamp, Shot, film, pose, walk
from tests.backend.memory_clip import Frames, Picture

COUNT = 10


@pytest.fixture(scope="module")
def shots() -> tuple[Shot, Shot]:
    """The clip, and the same figure doing something else in the same light."""
    lamp = Lamp(darkness=0.5)
    return film(walk(COUNT), lamp), film(
        [pose(0.9 - 0.1 * i, 0, 0.1, 1) for i in range(COUNT)], lamp
    )


@pytest.fixture(scope="module")
def folder(shots: tuple[Shot, Shot], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mattes of both, nobody's joints, and the shadow moved."""
    return moved_in(tmp_path_factory.mktemp("conditions"), shots)


def moved_in(out: Path, shots: tuple[Shot, Shot]) -> Path:
    """The folder `out` with the mattes of both and the shadow moved."""
    for who, shot in zip(("source", "target"), shots, strict=True):
        for i, matte in enumerate(shot.mattes):
            hard = np.where(cv2.dilate(matte, np.ones((3, 3))) >= 100, 255, 0).astype(np.uint8)
            write_png(out / f"{who}_masks" / f"frame_{i}.png", hard)
            write_png(out / f"{who}_alpha" / f"frame_{i}.png", matte)
    absent = np.full((COUNT, 60, 2), np.nan, np.float32)
    np.savez(out / "joints.npz", source=absent, target=absent, size=(240, 180))
    said = move_shadow(Frames(shots[0].frames), out, Shadow.MOVE, NullReporter(), 0)
    (out / "said.json").write_text(json.dumps(said))
    return out


def render(shots: tuple[Shot, Shot], conditions: Conditions, work: Path) -> dict[int, Picture]:
    """All frames by the preview engine, which draws nobody without joints."""
    job = EngineJob(Frames(shots[0].frames), conditions, Settings(), work)
    return dict(load_engine("preview").render(job, range(COUNT), NullReporter()))


def error(picture: Picture, truth: Picture, where: np.ndarray) -> float:
    """Mean squared error in grey levels squared."""
    return float(((picture[where].astype(float) - truth[where]) ** 2).mean())


def gain(shots: tuple[Shot, Shot], conditions: Conditions, frames: dict[int, Picture]) -> float:
    """Decibels that the shadows' places are nearer to the truth than the clip's own pixels are."""
    source, truth = shots
    kept, moved = [], []
    for i, picture in frames.items():
        bare = (source.mattes[i] < 5) & (truth.mattes[i] < 5)
        shadows = bare & ((source.shades[i] > 0.05) | (truth.shades[i] > 0.05))
        kept.append(error(source.frames[i], truth.frames[i], shadows))
        moved.append(error(picture, truth.frames[i], shadows))
        # Every pixel outside the masks and the shadows is the clip's.
        masks = conditions.grey("source_masks", i) | conditions.grey("target_masks", i)
        free = (masks == 0) & (shade_of(conditions, i).alpha == 0)
        assert free.mean() > 0.5
        np.testing.assert_array_equal(picture[free], source.frames[i][free])
    gained = float(10 * np.log10(np.mean(kept) / np.mean(moved)))
    print(f"the shadows' places gain {gained:.1f} dB")
    return gained


def test_old_shadow_goes_and_the_new_one_comes(
    shots: tuple[Shot, Shot], folder: Path, tmp_path: Path
) -> None:
    said = json.loads((folder / "said.json").read_text())
    assert said["setting"] == "move" and said["frames"] == COUNT
    assert said["throws"][0]["onto"] == "floor"
    conditions = load_conditions(folder)
    assert gain(shots, conditions, render(shots, conditions, tmp_path)) > 6


def test_a_shadow_that_never_leaves_the_plate_goes_too(
    shots: tuple[Shot, Shot], odd_path: Path, tmp_path: Path
) -> None:
    still = film([pose(-0.2, 0, 0.1, 0.1 * (i % 3)) for i in range(COUNT)], Lamp(darkness=0.5))
    both = (still, shots[1])
    odd_path.mkdir(exist_ok=True)
    conditions = load_conditions(moved_in(odd_path, both))
    lacking = shade_of(conditions, 0).lacking.mean(axis=2)
    seen = (still.shades[0] > 0.3) & (still.mattes[0] < 5)
    assert lacking[seen].mean() > 0.15 and lacking[still.shades[0] < 0.01].mean() < 0.005
    assert gain(both, conditions, render(both, conditions, tmp_path)) > 3


def test_kept_shadows_stay_pixel_for_pixel(
    shots: tuple[Shot, Shot], folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    for kind in ("source_masks", "source_alpha", "target_masks", "target_alpha"):
        (kept / kind).parent.mkdir(exist_ok=True)
        (kept / kind).symlink_to(folder / kind, target_is_directory=True)
    (kept / "joints.npz").write_bytes((folder / "joints.npz").read_bytes())
    said = move_shadow(Frames(shots[0].frames), kept, Shadow.KEEP, NullReporter(), 0)
    assert said == {"setting": "keep", "frames": 0}
    conditions = load_conditions(kept)
    for i, picture in render(shots, conditions, tmp_path).items():
        masks = conditions.grey("source_masks", i) | conditions.grey("target_masks", i)
        np.testing.assert_array_equal(picture[masks == 0], shots[0].frames[i][masks == 0])


def test_what_was_found_is_kept_for_other_takes(
    shots: tuple[Shot, Shot], folder: Path, tmp_path: Path
) -> None:
    findings = DiskFindings(tmp_path / "findings", 0)

    def moved(name: str) -> dict[Path, bytes]:
        out = tmp_path / name
        out.mkdir()
        for kind in ("source_masks", "source_alpha", "target_masks", "target_alpha", "joints.npz"):
            (out / kind).symlink_to(folder / kind)
        said = move_shadow(Frames(shots[0].frames), out, Shadow.MOVE, NullReporter(), 0, findings)
        assert json.loads(json.dumps(said)) == json.loads((folder / "said.json").read_text())
        pictures = (path for kind in (SOURCE, TARGET) for path in (out / kind).iterdir())
        return {path.relative_to(out): path.read_bytes() for path in pictures}

    wanted = moved("first")
    assert len(wanted) == 2 * COUNT
    assert wanted == {path: (folder / path).read_bytes() for path in wanted}
    kept = sorted((tmp_path / "findings" / "shadow-found").iterdir())
    assert len(kept) == COUNT
    kept[2].write_bytes(kept[2].read_bytes()[:-50])
    before = {path: path.stat().st_mtime_ns for path in kept}
    assert moved("second") == wanted
    assert [path for path in kept if path.stat().st_mtime_ns != before[path]] == [kept[2]]
    # Of other masks, as after a mend, everything is found anew.
    white = tmp_path / "white"
    shutil.copytree(folder, white)
    write_png(white / "source_alpha" / "frame_0.png", np.zeros((180, 240), np.uint8))
    move_shadow(Frames(shots[0].frames), white, Shadow.MOVE, NullReporter(), 0, findings)
    assert all(path.stat().st_mtime_ns != before[path] for path in kept)


def test_folders_from_before_shadows_have_none(folder: Path) -> None:
    conditions = load_conditions(folder)
    before = replace(conditions, folder=folder / "elsewhere")
    shade = shade_of(before, 0)
    assert not shade.removed.any() and not shade.cast.any() and not shade.alpha.any()
    picture = np.full((180, 240, 3), 77, np.uint8)
    assert shade.onto(picture) is picture
    np.testing.assert_array_equal(shade.ground(picture, picture // 2), picture)
    assert (hidden_by(conditions, 0) >= conditions.grey("source_alpha", 0)).all()


def test_a_damaged_shadow_is_told(folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "target_shadow"
    damaged.mkdir()
    (damaged / "frame_0.png").write_bytes(b"no picture")
    conditions = replace(load_conditions(folder), folder=tmp_path)
    with pytest.raises(InputError, match="target_shadow of frame 0"):
        shade_of(conditions, 0)
