"""Whatever is cut, emptied or changed among finished results is found, said and made again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.files import hash_value
from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.jobs.runs import has_frames, kill_when, results, run, warnings
from tests.backend.tiny_job import make_job

COUNT = 8
SIZE = (96, 128)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder with the material, and the results of a job that nothing happened to."""
    root = tmp_path_factory.mktemp("damaged tëst")
    job = make_job(root, "whole", COUNT, SIZE)
    assert run(job).code == 0
    return root, results(job)


def emptied(data: bytes) -> bytes:
    return b""


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def zeros(data: bytes) -> bytes:
    middle = len(data) // 3
    return data[:middle] + bytes(min(40, len(data) - middle)) + data[middle + 40 :]


def changed(data: bytes) -> bytes:
    """Three bytes are others; it stays as long."""
    whole = bytearray(data)
    for place in (len(data) // 4, len(data) // 2, 3 * len(data) // 4):
        whole[place] ^= 0x15
    return bytes(whole)


DAMAGES = (emptied, cut, zeros, changed)
FILES = {
    "work/conditions/source_joints.npz": "joints",
    "work/conditions/quality/joints.json": "joints",
    "work/conditions/source_poses/frame_3.png": "joints",
    "work/conditions/quality/masks.json": "masks",
    "work/conditions/source_masks/frame_2.png": "masks",
    "work/conditions/source_alpha/frame_7.png": "masks",
    "work/conditions/joints.npz": "align",
    "work/conditions/quality/align.json": "align",
    "work/conditions/target_alpha/frame_0.png": "target_mask",
    "work/conditions/report.json": "target_mask",
    "work/conditions/contact_sheet.png": "target_mask",
    "outputs/frames/000004.png": "render",
    "outputs/result.mp4": "encode",
}


STAGES = ("joints", "masks", "align", "target_mask", "render", "encode")


def forget_records(job: JobFolder) -> None:
    for path in job.record.iterdir():
        path.unlink()


@pytest.mark.parametrize("name", FILES)
def test_after_the_end(truth: tuple[Path, dict[str, bytes]], name: str) -> None:
    root, expected = truth
    job = make_job(root, f"end {name.replace('/', ' ')}", COUNT, SIZE)
    assert run(job).code == 0
    path = job.path / name
    good = path.read_bytes()
    # A change that keeps size and date is found, too.
    for damage in (changed, DAMAGES[list(FILES).index(name) % 3]):
        about = path.stat()
        path.write_bytes(damage(good))
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        again = run(job)
        assert again.code == 0
        assert again.again() == [FILES[name]], "nothing that fits is made again"
        assert results(job) == expected
        assert any(path.name in text or "Frame 4 " in text for text in warnings(job).values())
    assert run(job).again() == []
    assert warnings(job) == {}, "what one run found and mended is not told by later ones"


@pytest.mark.parametrize("damage", DAMAGES)
def test_after_a_kill(
    truth: tuple[Path, dict[str, bytes]], damage: Callable[[bytes], bytes]
) -> None:
    """Many files at once, while the frames are half done."""
    root, expected = truth
    job = make_job(root, f"killed {damage.__name__}", COUNT, SIZE)
    kill_when(job, has_frames(job, 3))
    for name in list(FILES)[DAMAGES.index(damage) : -1 : 2]:
        path = job.path / name
        if path.exists():
            path.write_bytes(damage(path.read_bytes()))
    assert run(job).code == 0
    assert results(job) == expected


@pytest.mark.parametrize("damage", DAMAGES)
def test_records_and_state(
    truth: tuple[Path, dict[str, bytes]], damage: Callable[[bytes], bytes]
) -> None:
    root, expected = truth
    job = make_job(root, f"records {damage.__name__}", COUNT, SIZE)
    assert run(job).code == 0
    for path in (job.record / "masks.json", job.record / "frames.jsonl", job.report):
        path.write_bytes(damage(path.read_bytes()))
    again = run(job)
    assert again.code == 0 and again.again() == ["masks"]
    assert results(job) == expected
    assert {"record-damaged", "result-changed"} <= set(warnings(job))
    assert "work/kept" not in str(list(job.path.rglob("*"))) and not job.kept.exists()

    job.state.write_bytes(b"{" + damage(job.state.read_bytes()))
    again = run(job)
    assert again.code == 0 and again.again() == []
    assert results(job) == expected
    assert set(warnings(job)) == {"state-damaged"}
    state = json.loads(job.state.read_text(encoding="utf-8"))
    assert state["status"] == "done" and len(state["stages"]) == 8


def test_deleted_records_of_a_finished_job(truth: tuple[Path, dict[str, bytes]]) -> None:
    """As in jobs from before there were records: what opens counts, and is recorded."""
    root, expected = truth
    job = make_job(root, "no records", COUNT, SIZE)
    assert run(job).code == 0
    forget_records(job)
    assert run(job).again() == []
    assert results(job) == expected
    mask = job.conditions / "source_masks" / "frame_1.png"
    mask.write_bytes(cut(mask.read_bytes()))
    assert run(job).again() == ["masks"]
    assert results(job) == expected


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("name", "stage"), [("source_joints.npz", 0), ("joints.npz", 2)])
def test_damaged_joints_of_a_job_without_records(
    truth: tuple[Path, dict[str, bytes]],
    damage: Callable[[bytes], bytes],
    name: str,
    stage: int,
) -> None:
    """They do not open, which is all that such a job can be asked."""
    root, expected = truth
    job = make_job(root, f"no records {name} {damage.__name__}", COUNT, SIZE)
    assert run(job).code == 0
    forget_records(job)
    path = job.conditions / name
    path.write_bytes(damage(path.read_bytes()))
    # What was made from them cannot be known to be the same, so it is made again, too.
    assert run(job).again() == list(STAGES[stage:])
    assert results(job) == expected


def test_what_was_made_from_other_results_is_made_again(
    truth: tuple[Path, dict[str, bytes]],
) -> None:
    """A mask that is as its record says, but not the one that later stages worked from."""
    root, _ = truth
    job = make_job(root, "otherwise", COUNT, SIZE)
    assert run(job).code == 0
    mask = job.conditions / "source_masks" / "frame_1.png"
    record = job.record / "masks.json"
    value = json.loads(record.read_text(encoding="utf-8"))
    other = JobFolder(root / "whole").conditions / "source_masks" / "frame_2.png"
    mask.write_bytes(other.read_bytes())
    mark = FileMark.of(mask)
    assert mark is not None
    value["files"][job.relative(mask)] = mark.plain()
    del value["sha256"]
    record.write_text(json.dumps({**value, "sha256": hash_value(value)}), encoding="utf-8")
    assert run(job).again() == ["align", "target_mask", "render", "encode"]
