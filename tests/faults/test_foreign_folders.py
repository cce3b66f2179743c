"""Job folders from somebody else, whose links lead out of them: nothing outside is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import edit_request, make_job
from tests.faults.conftest import COUNT, SIZE
from tests.faults.judging import Ended, faults_of, run_backend
from tests.faults.tally import Tally
from tests.faults.trees import differences, read_tree

FILES = (
    "log.txt", "lock", "state.json", "report.json", "inputs/target_joints.npz",
    "outputs/result.mp4", "outputs/frames/000001.png", "work/conditions/joints.npz",
)  # fmt: skip
FOLDERS = ("outputs", "outputs/frames", "work", "work/conditions", "work/engine", "inputs")


def swap(path: Path, target: Path) -> None:
    """Put a link in place of what is at `path`."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def linked_file(name: str) -> Callable[[JobFolder, Path], None]:
    return lambda job, outside: swap(job.path / name, outside / "letter.txt")


def linked_new(name: str) -> Callable[[JobFolder, Path], None]:
    return lambda job, outside: swap(job.path / name, outside / "not there yet")


def linked_folder(name: str) -> Callable[[JobFolder, Path], None]:
    return lambda job, outside: swap(job.path / name, outside)


def module_beside(job: JobFolder, outside: Path) -> None:
    """Modules that Python would import from the folder that it is started in."""
    code = f"open({str(outside / 'imported')!r}, 'w').close()\n"
    for name in ("json", "numpy", "cv2", "mf_backend", "sitecustomize"):
        (job.path / f"{name}.py").write_text(code, encoding="utf-8")


def forged_log(job: JobFolder, outside: Path) -> None:
    edit = "job\n2026-01-01 00:00:00,000 INFO all is well"
    value = json.loads(job.request.read_text(encoding="utf-8"))
    job.request.write_text(json.dumps({**value, "id": edit}), encoding="utf-8")


def foreign_temporary(job: JobFolder, outside: Path) -> None:
    for name in (".notes-personal", ".my-drafts01.txt", ".part-abcdefgh.png"):
        (job.path / name).write_text("mine", encoding="utf-8")


def absolute_target(job: JobFolder, outside: Path) -> None:
    edit_request(job, target__joints=str(outside / "letter.txt"))


FOREIGN: dict[str, Callable[[JobFolder, Path], None]] = {
    **{f"{name} leads to a file": linked_file(name) for name in FILES},
    **{f"{name} leads to a new file": linked_new(name) for name in ("lock", "log.txt")},
    **{f"{name} leads to a folder": linked_folder(name) for name in FOLDERS},
    "modules beside the job": module_beside,
    "a forged log": forged_log,
    "somebody's hidden files": foreign_temporary,
    "an absolute target": absolute_target,
}


@pytest.mark.slow
def test_foreign_folders(ground: Path, whole: JobFolder, request: pytest.FixtureRequest) -> None:
    tally = Tally("foreign folders")
    outside = ground / "outside"
    (outside / "frames").mkdir(parents=True)
    (outside / "letter.txt").write_text("a letter", encoding="utf-8")
    (outside / "thesis.txt").write_text("a thesis", encoding="utf-8")
    for number in (1, 700):
        (outside / "frames" / f"{number:06d}.png").write_bytes(b"a picture of somebody's")
    before = read_tree(outside)
    for number, (kind, change) in enumerate(FOREIGN.items()):
        job = make_job(ground, f"foreign {number}", COUNT, SIZE)
        change(job, outside)
        mine = {p: p.read_bytes() for p in job.path.glob(".*") if p.is_file()}
        ended: Ended = run_backend("run", str(job.path), cwd=job.path)
        found = faults_of(ended, 0, 2, 6)
        found += differences(before, read_tree(outside))
        found += [f"{p.name} was deleted" for p in mine if not p.is_file()]
        if " leads to " in kind and ended.code == 0:
            found.append("accepted, though it should have been refused")
        plain = job.log.is_file() and not job.log.is_symlink()
        log = job.log.read_text("utf-8", "replace") if plain else ""
        if any(line.startswith("2026-01-01 00:00:00,000") for line in log.splitlines()):
            found.append("the log has a forged line")
        tally.add(*(f"{kind}: {said}" for said in found))
        shutil.rmtree(job.path)
    tally.close(request)
