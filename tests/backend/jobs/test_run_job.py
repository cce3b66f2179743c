"""`run JOB` from a fresh folder to finished frames, and what a second run does again."""

from __future__ import annotations

import json
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mf_backend.clip import encode_mp4, probe_clip
from mf_backend.contracts.files import hash_file, write_npz
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.record.frames import read_frame
from mf_backend.jobs.stages.costs import stage_names
from mf_backend.version import VERSION
from tests.backend.tiny_job import backend, edit_request, make_job, write_clip, write_picture


def run(job: JobFolder, code: int = 0) -> Any:
    """Run a job; its JSON on stdout."""
    done = backend("run", str(job.path), "--json")
    assert done.returncode == code, done.stderr + job.log.read_text(encoding="utf-8")
    return json.loads(done.stdout)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def times(folder: Path) -> dict[str, int]:
    """When each file under a folder was written."""
    return {str(p): p.stat().st_mtime_ns for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_job_to_its_end(odd_path: Path) -> None:
    copy = odd_path / "my shöt.mp4"
    job = make_job(odd_path, count=6, mp4=str(copy))
    asked = job.request.read_bytes()
    result = run(job)
    assert result == {
        "id": "job",
        "frames": str(job.frames),
        "mp4": str(job.mp4),
        "report": str(job.report),
        "count": 6,
    }
    assert [p.name for p in sorted(job.frames.iterdir())] == [f"{i:06d}.png" for i in range(1, 7)]
    assert all(read_frame(job.frame(i), (96, 128)) is not None for i in range(6))
    info = probe_clip(job.mp4)
    assert (info.count, info.fps, info.width, info.height) == (6, 12, 96, 128)
    assert hash_file(copy) == hash_file(job.mp4)
    assert job.request.read_bytes() == asked

    state = read_json(job.state)
    assert state["status"] == "done" and state["error"] is None
    assert list(state["stages"]) == list(stage_names())
    assert all(record["finished"] for record in state["stages"].values())

    report = read_json(job.report)
    clip = odd_path / "material 6" / "clip"
    assert report["reference"]["path"] == str(clip)
    assert len(report["reference"]["sha256"]) == 64
    assert report["reference"]["count"] == 6 and report["reference"]["fps"] == [12, 1]
    assert report["inputs"]["inputs/target_joints.npz"] == hash_file(
        job.inputs / "target_joints.npz"
    )
    assert report["inputs"][str(odd_path / "material 6" / "joints.npz")]
    assert report["settings"]["engine"] == "preview" and report["seed"] == 42
    assert report["outputs"]["frames"] == "outputs/frames"
    assert report["outputs"]["mp4_sha256"] == hash_file(copy)
    assert report["versions"]["mf_backend"] == VERSION and report["versions"]["numpy"]
    assert set(report["timings_seconds"]) == set(stage_names()[:-1])
    assert report["frames_per_second"]["render"] > 0
    assert report["peak_memory"]["process_bytes"] > 10_000_000
    assert report["about"] == {"scene": "Scëne"}
    log = job.log.read_text(encoding="utf-8")
    assert all(f"stage {name}: done" in log for name in stage_names())


def test_the_actor_moves_and_the_rest_stays(odd_path: Path) -> None:
    job = make_job(odd_path, count=6)
    run(job)
    changed = 0
    for index in range(6):
        frame = read_frame(job.frame(index), (96, 128))
        path = odd_path / "material 6" / "clip" / f"frame_{index:04d}.png"
        source = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        alphas = [
            cv2.imdecode(
                np.fromfile(job.conditions / kind / f"frame_{index}.png", np.uint8),
                cv2.IMREAD_GRAYSCALE,
            )
            for kind in ("source_alpha", "target_alpha", "source_masks", "target_masks")
        ]
        outside = np.max(alphas, axis=0) == 0
        assert frame is not None and 0.2 < outside.mean() < 0.97
        assert np.array_equal(frame[outside], source[outside])
        changed += int((frame != source).any(axis=-1).sum())
    assert changed > 6 * 100


def test_a_second_run_does_nothing_again(odd_path: Path) -> None:
    job = make_job(odd_path, count=4)
    run(job)
    before = {**times(job.path / "work"), **times(job.path / "outputs")}
    run(job)
    after = {**times(job.path / "work"), **times(job.path / "outputs")}
    again = {path for path, when in after.items() if before.pop(path, 0) != when}
    # The report says when it was written, and is the only thing that each run writes.
    assert again == {str(job.record / "report.json")} and not before
    log = job.log.read_text(encoding="utf-8")
    assert log.count("kept from an earlier run") == len(stage_names()) - 2


def test_only_frames_that_do_not_open_are_made_again(odd_path: Path) -> None:
    job = make_job(odd_path, count=5)
    run(job)
    good = {i: job.frame(i).read_bytes() for i in range(5)}
    before = times(job.frames)
    job.frame(0).unlink()
    job.frame(1).write_bytes(good[1][:-20])
    small = cv2.imencode(".png", np.zeros((64, 48, 3), np.uint8))[1].tobytes()
    job.frame(2).write_bytes(small)
    run(job)
    assert {i: job.frame(i).read_bytes() for i in range(5)} == good
    after = times(job.frames)
    for index in (3, 4):
        assert after[str(job.frame(index))] == before[str(job.frame(index))]
    log = job.log.read_text(encoding="utf-8")
    assert log.count("stage joints: done") == 1 and log.count("stage render: done") == 2


def test_changed_settings_redo_what_they_change(odd_path: Path) -> None:
    job = make_job(odd_path, count=4)
    run(job)
    before = times(job.frames)
    edit_request(job, settings__alignment="matched")
    run(job)
    log = job.log.read_text(encoding="utf-8")
    assert log.count("stage joints: done") == log.count("stage masks: done") == 1
    for name in ("align", "target_mask", "render", "encode"):
        assert log.count(f"stage {name}: done") == 2
    assert not set(times(job.frames).values()) & set(before.values())


def test_a_changed_input_redoes_what_it_changes(odd_path: Path) -> None:
    job = make_job(odd_path, count=4)
    run(job)
    mask = odd_path / "material 4" / "masks" / "frame_0001.png"
    picture = cv2.imdecode(np.fromfile(mask, np.uint8), cv2.IMREAD_GRAYSCALE)
    mask.write_bytes(cv2.imencode(".png", cv2.dilate(picture, np.ones((3, 3))))[1].tobytes())
    run(job)
    log = job.log.read_text(encoding="utf-8")
    assert log.count("stage joints: done") == 1
    assert log.count("stage masks: done") == log.count("stage render: done") == 2


def test_odd_sides_give_exact_frames_and_a_padded_mp4(odd_path: Path) -> None:
    job = make_job(odd_path, count=3, size=(97, 131))
    run(job)
    assert all(read_frame(job.frame(i), (97, 131)) is not None for i in range(3))
    info = probe_clip(job.mp4)
    assert (info.width, info.height, info.count) == (98, 132, 3)


def test_a_video_keeps_its_sound_and_rate(odd_path: Path) -> None:
    joints = write_clip(odd_path / "material 8", 8, (96, 128))
    assert joints.shape[0] == 8
    sound = odd_path / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        tone = np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000) * 9000
        file.writeframes(tone.astype("<i2").tobytes())
    pictures = []
    for path in sorted((odd_path / "material 8" / "clip").iterdir()):
        pictures.append(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])
    video = odd_path / "clip ü.mp4"
    encode_mp4(pictures, (96, 128), Fraction(30000, 1001), video, audio_from=sound, duration=0.26)
    job = make_job(odd_path, count=8)
    edit_request(job, reference__path=str(video), reference__kind="video", reference__fps=0.0)
    run(job)
    info = probe_clip(job.mp4)
    assert info.has_audio and info.fps == Fraction(30000, 1001) and info.count == 8


@pytest.mark.slow
def test_a_range_of_a_real_clip_with_estimated_joints_and_masks(
    odd_path: Path, shared: Path
) -> None:
    job = make_job(odd_path, count=6, size=(512, 512), source_joints="", source_masks="")
    edit_request(
        job,
        reference__path=str(shared / "clips" / "case-1" / "source_images"),
        reference__first=4,
        reference__count=6,
    )
    run(job)
    report = read_json(job.report)
    assert report["reference"]["first"] == 4 and report["outputs"]["count"] == 6
    assert report["timings_seconds"]["joints"] > 0 and report["timings_seconds"]["masks"] > 0


def test_an_actor_who_leaves_the_picture(odd_path: Path) -> None:
    """On the last two frames nobody is there: no joints, a black mask, the bare wall."""
    job = make_job(odd_path, count=6)
    material = odd_path / "material 6"
    with np.load(material / "joints.npz") as data:
        joints, size = data["source"].copy(), data["size"]
    joints[4:] = np.nan
    write_npz(material / "joints.npz", source=joints, size=size)
    for index in (4, 5):
        write_picture(material / "masks" / f"frame_{index:04d}.png", np.zeros((128, 96), np.uint8))
    run(job)
    assert all(read_frame(job.frame(i), (96, 128)) is not None for i in range(6))
    report = read_json(job.report)
    assert report["outputs"]["count"] == 6
    assert all(set(warning) == {"code", "message"} for warning in report["warnings"])
