"""Jobs that share an actor: analysed by the first, taken from the store by the others."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mf_backend.actor.mends.correction_file import new_correction, write_corrections
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.clip import open_clip
from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.conditions import JointState, load_conditions
from mf_backend.contracts.files import write_npz
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import (
    ClipKind,
    JobRequest,
    Reference,
    Settings,
    Target,
    read_request,
)
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.jobs.disk.folder import JobFolder, create_job
from mf_backend.skeleton.joints import JOINT_INDEX
from tests.backend.conftest import write_frames
from tests.backend.jobs.runs import run
from tests.backend.tiny_job import backend, figure_joints, write_picture

SIZE = (256, 256)


@pytest.fixture(scope="module")
def place(actor: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clip of four frames in it."""
    small = [cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in actor[:4]]
    root = tmp_path_factory.mktemp("shots ü")
    write_frames(root / "walk", small)
    return root


def make(place: Path, name: str, first: int = 0, count: int = 4, **more: Any) -> JobFolder:
    request = JobRequest(
        id=name,
        reference=Reference(str(place / "walk"), ClipKind.IMAGES, first, count, 12.0),
        target=Target(joints="inputs/target_joints.npz"),
        settings=Settings(),
        actors=str(place / "actors"),
    )
    job = create_job(place / name, replace(request, **more))
    target = figure_joints(count, SIZE, 0.9)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(SIZE))
    return job


def clip_files(place: Path) -> list[Path]:
    return sorted((place / "walk").iterdir())


def report(job: JobFolder) -> Any:
    return json.loads(job.report.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def first(place: Path) -> JobFolder:
    job = make(place, "first")
    assert run(job).code == 0
    return job


def test_the_second_take_finds_nothing_anew(place: Path, first: JobFolder) -> None:
    job = make(place, "second", first=1, count=3)
    assert run(job).code == 0
    before, after = (report(j)["timings_seconds"] for j in (first, job))
    assert after["joints"] + after["masks"] < 0.3 * (before["joints"] + before["masks"])
    assert report(job)["actor"] == report(first)["actor"]
    whole, part = (load_conditions(j.conditions) for j in (first, job))
    assert np.array_equal(part.source_joints, whole.source_joints[1:], equal_nan=True)
    for kind in ("source_masks", "source_alpha", "source_poses"):
        for index in range(3):
            assert part.path(kind, index).read_bytes() == whole.path(kind, index + 1).read_bytes()


def test_a_correction_is_taken_and_leaves_other_frames_alone(place: Path, first: JobFolder) -> None:
    job, found = first, load_conditions(first.conditions)
    poses = [found.path("source_poses", index) for index in range(4)]
    masks = [found.path("source_masks", index) for index in range(4)]
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (*poses, *masks)}
    actor = ActorFolder(Path(report(job)["actor"]["folder"]))
    elbow = JOINT_INDEX["right_elbow"]
    x, y = (float(value) for value in found.source_joints[3, elbow])
    one = new_correction(3, 0, {elbow: (x + 12.0, y)})
    write_corrections(actor.mends, [one])
    try:
        assert run(job).code == 0
        mended = load_conditions(job.conditions)
        moved = np.linalg.norm(mended.source_joints - found.source_joints, axis=-1)
        assert np.argwhere(moved > 0.01).tolist() == [[3, elbow]]
        assert moved[3, elbow] == pytest.approx(12.0, abs=0.01)
        with np.load(job.conditions / "joints.npz") as arrays:
            assert arrays["source_state"][3, elbow] == JointState.MENDED
        after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before}
        changed = [path for path in before if after[path] != before[path]]
        assert changed == [poses[3]]
        assert run(job).again() == []
        (actor.mends / "joints.json").write_text("{")
        ran = run(job)
        assert ran.code == 2 and "cannot be read" in str(ran.value)
    finally:
        (actor.mends / "joints.json").unlink()
    assert run(job).code == 0
    again = load_conditions(job.conditions)
    assert np.array_equal(again.source_joints, found.source_joints, equal_nan=True)


def paint(job: JobFolder, work: Path) -> dict[int, Picture]:
    """What a diffusion engine makes of a finished job's conditions, from the preview's pictures."""
    settings = Settings(engine="sample", steps=2, start_strength=0.5, guidance=0, device="cpu")
    with open_clip(read_request(job.request).reference) as clip:
        engine_job = EngineJob(clip, load_conditions(job.conditions), settings, work)
        return dict(load_engine("sample").render(engine_job, range(clip.count), NullReporter()))


def test_mask_layers_are_taken_and_leave_other_frames_alone(place: Path, first: JobFolder) -> None:
    shutil.copytree(first.path, place / "mended")
    job = JobFolder(place / "mended")
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for kind in ("masks", "alpha", "held", "front", "poses")
        for path in (job.conditions / f"source_{kind}").iterdir()
    }
    post, stray = np.zeros(SIZE[::-1], np.uint8), np.zeros(SIZE[::-1], np.uint8)
    post[:, 110:140], stray[40:90, 60:100] = 255, 255
    for frame in (2, 3):
        write_picture(place / "post" / f"post_{frame}.png", post)
    write_picture(place / "stray" / "stray_3.png", stray)
    whole = (str(place / "walk"), "--out", str(place / "actors"), "--json")
    made = backend("analyse", *whole, "--in-front", str(place / "post"), "--add",
                   str(place / "stray"))  # fmt: skip
    assert made.returncode == 0, made.stderr
    layers = {layer["role"]: layer for layer in json.loads(made.stdout)["mask_layers"]}
    assert layers["front"]["frames"] == [[2, 3]] and layers["add"]["frames"] == [[3, 3]]
    try:
        ran = run(job)
        assert ran.code == 0 and "joints" not in ran.again()
        changed = [path for path in before if (path.stat().st_mtime_ns, path.read_bytes())
                   != before[path]]  # fmt: skip
        assert changed and {path.stem for path in changed} == {"frame_2", "frame_3"}
        assert {path.parent.name for path in changed} <= {
            "source_masks", "source_alpha", "source_held", "source_front"
        }  # fmt: skip
        mended = load_conditions(job.conditions)
        painted = paint(job, place / "painted")
        for frame, mask in ((2, post), (3, np.where(stray > 0, 0, post))):
            filmed = read_image(clip_files(place)[frame])
            for picture in (read_image(job.frame(frame)), painted[frame]):
                assert np.array_equal(picture[mask > 0], filmed[mask > 0])
            assert not np.array_equal(painted[frame], read_image(job.frame(frame)))
        assert (mended.grey("source_masks", 3)[stray > 0] == 255).all()
        assert not mended.grey("target_masks", 2)[post > 0].any()
        assert run(job).again() == []
    finally:
        removed = [item for layer in layers.values() for item in ("--remove-mask", layer["id"])]
        gone = backend("analyse", *whole, *removed)
    assert gone.returncode == 0 and json.loads(gone.stdout)["mask_layers"] == []


def test_what_belongs_to_the_footage_is_taken_over(place: Path, first: JobFolder) -> None:
    """A take of the same frames has the same pictures, and makes no plate of its own, nor does it
    measure the actor or follow the camera; only what is damaged is made again."""
    findings = Path(report(first)["actor"]["folder"], "findings")
    # What is kept may be the plate of masks that another test mended.
    assert run(make(place, "a plate")).code == 0
    kinds = ("plate-brighter", "plate-brighter-piece", "widths", "camera")
    kept = {p: p.stat().st_mtime_ns for kind in kinds for p in findings.glob(f"{kind}/*.npz")}
    assert {path.parent.name for path in kept} == set(kinds)
    # Of other masks there are other ones, which nobody looks at.
    damaged = {path: path.read_bytes() for path in findings.glob("camera/*.npz")}
    for path, whole in damaged.items():
        path.write_bytes(whole[:-50])
        del kept[path]
    job = make(place, "same plate")
    assert run(job).code == 0
    again = [path for path, whole in damaged.items() if path.read_bytes() == whole]
    assert len(again) == 1
    for path, whole in damaged.items():
        path.write_bytes(whole)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    for index in range(4):
        assert job.frame(index).read_bytes() == first.frame(index).read_bytes()


def test_a_finished_job_needs_no_store(place: Path, first: JobFolder, tmp_path: Path) -> None:
    moved = (place / "actors").rename(tmp_path / "elsewhere")
    try:
        ran = run(first)
    finally:
        moved.rename(place / "actors")
    assert (ran.code, ran.again()) == (0, [])


def test_a_place_that_takes_nothing_is_done_without(place: Path, first: JobFolder) -> None:
    (place / "no folder").write_text("a file")
    job = make(place, "alone", count=1, actors=str(place / "no folder" / "actors"))
    assert run(job).code == 0
    said = {item["code"]: item["message"] for item in report(job)["warnings"]}
    assert "cannot be kept for other takes" in said["actor-not-kept"]
    assert report(job)["actor"] is None
