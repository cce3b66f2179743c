"""Job folders made before the modules moved into rooms: kept where done, finished where not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.stages.costs import stage_names
from mf_backend.version import VERSION
from tests.backend.tiny_job import backend
from tests.fixtures.project import BEFORE_ROOMS, copy_project

COUNT = 6
STAGES = stage_names()[1:-1]  # reading and the report are done each time
CHANGED = ["target_mask", "render", "encode"]
STAY = [stage for stage in STAGES if stage not in CHANGED]
DONE_AGAIN = (
    "work/conditions/target_",
    "work/conditions/source_shade",
    "work/conditions/source_shadow",
    "work/conditions/quality/",
    "work/conditions/report.json",
    "work/conditions/contact_sheet",
)
MADE_BY = json.loads((BEFORE_ROOMS / "motionfollower/clip Wave-001/report.json").read_bytes())

pytestmark = pytest.mark.skipif(
    MADE_BY["versions"]["mf_backend"] != VERSION,
    reason="another version of the backend does every stage again, as it should",
)


@pytest.fixture
def jobs(odd_path: Path) -> Path:
    """The folder of the project's jobs, in a copy of it."""
    return copy_project(odd_path / "project") / "motionfollower"


def contents(job: JobFolder, *folders: str) -> dict[str, tuple[int, bytes]]:
    """When each file of some folders was written, and what it holds."""
    files = [p for name in folders for p in (job.path / name).rglob("*") if p.is_file()]
    # Jobs from before there were records get theirs from what is there.
    files = [path for path in files if path.parent != job.record]
    return {job.relative(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def run(job: JobFolder) -> str:
    """Run it to its end; returns what that run added to its log."""
    before = job.log.read_text(encoding="utf-8")
    done = backend("run", str(job.path))
    assert done.returncode == 0, done.stderr
    assert json.loads(job.state.read_bytes())["status"] == "done"
    return job.log.read_text(encoding="utf-8").removeprefix(before)


@pytest.mark.parametrize("name", ["clip Wave-001", "clip Wave-002"])
def test_of_a_finished_one_only_what_changed_is_done_again(jobs: Path, name: str) -> None:
    job = JobFolder(jobs / name)
    before = contents(job, "inputs", "work")
    log = run(job)
    assert [stage for stage in STAY if f"stage {stage}: kept" not in log] == []
    # Since then shadows move with the actor, and the preview engine draws otherwise.
    assert [stage for stage in STAGES if f"stage {stage}: begins" in log] == CHANGED
    after = contents(job, "inputs", "work")
    stay = {path: told for path, told in before.items() if not path.startswith(DONE_AGAIN)}
    assert stay and {path: after.get(path) for path in stay} == stay
    assert "begins" not in run(job), "and then it is finished again"


def test_a_killed_one_ends_with_the_frames_of_the_finished_one(jobs: Path) -> None:
    whole, job = JobFolder(jobs / "clip Wave-001"), JobFolder(jobs / "killed")
    made = contents(job, "outputs")
    assert sum(name.endswith(".png") for name in made) == 3

    log = run(job)
    assert [stage for stage in STAY if f"stage {stage}: kept" not in log] == []
    run(whole)
    frames = [job.frame(i).read_bytes() for i in range(COUNT)]
    assert frames == [whole.frame(i).read_bytes() for i in range(COUNT)]
