"""Job folders: made once, held by one process, never written outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import part_name, write_bytes
from mf_backend.contracts.request import ClipKind, JobRequest, Reference, Target, read_request
from mf_backend.jobs.disk.folder import JobFolder, create_job, remove_leftovers
from mf_backend.jobs.disk.state import JobState, StageRecord, Status, read_state, write_state
from tests.backend.tiny_job import backend_environment, printed

REQUEST = JobRequest("shot 1", Reference("/clips/ü.mp4", ClipKind.VIDEO), Target("inputs/t.npz"))


def test_a_new_job_reads_back(odd_path: Path) -> None:
    job = create_job(odd_path / "new" / "job", REQUEST)
    assert read_request(job.request) == REQUEST
    assert read_state(job.state).status is Status.QUEUED


@pytest.mark.parametrize("taken", ["job.json", "state.json", "report.json", "outputs/frames/x"])
def test_a_folder_with_a_job_is_left_alone(odd_path: Path, taken: str) -> None:
    (odd_path / taken).parent.mkdir(parents=True, exist_ok=True)
    (odd_path / taken).write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        create_job(odd_path, REQUEST)
    assert caught.value.code == "job-exists" and caught.value.hint
    assert (odd_path / taken).read_text(encoding="utf-8") == "mine"
    assert [p.name for p in odd_path.rglob("*") if p.is_file()] == [Path(taken).name]


@pytest.mark.parametrize("path", ["../x.npz", "/etc/passwd", "a/../../b", "C:/x", "..\\x"])
def test_paths_that_lead_outside_are_refused(odd_path: Path, path: str) -> None:
    with pytest.raises(InputError):
        JobFolder(odd_path).inside(path, "target.joints")


def test_leftovers_go_and_a_users_files_stay(odd_path: Path) -> None:
    job = create_job(odd_path, REQUEST)
    job.frames.mkdir(parents=True)
    keep = [job.frames / "000001.png", job.frames / ".notes", odd_path / ".keep-this"]
    # Hidden names that only look like a writer's.
    keep += [odd_path / ".notes-personal", job.frames / ".my-drafts01.txt"]
    keep += [job.frames / ".000002-ab_3xk9z.png", odd_path / f".mf-part-{'0' * 20}.json"]
    keep += [odd_path / "my folder" / part_name(".txt")]
    drop = [job.frames / part_name(".png"), odd_path / part_name(".json")]
    (odd_path / "my folder").mkdir()
    for path in (*keep, *drop):
        path.write_bytes(b"")
    remove_leftovers(job)
    assert all(path.exists() for path in keep)
    assert not any(path.exists() for path in drop)


def test_leftovers_have_the_names_that_our_writer_gives(odd_path: Path) -> None:
    """A write that is killed half-way leaves a file that the next run finds."""
    job = create_job(odd_path, REQUEST)
    job.mp4.parent.mkdir()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from mf_backend.contracts.files import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as path:\n"
        "    path.write_bytes(b'half'); os._exit(9)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(job.frames / "000007.png")],
        env=backend_environment(),
        check=False,
    )
    assert len(list(job.frames.iterdir())) == 1
    remove_leftovers(job)
    assert list(job.frames.iterdir()) == []


def test_state_reads_back_and_a_damaged_one_starts_over(odd_path: Path) -> None:
    path = odd_path / "state.json"
    state = JobState(
        status=Status.RUNNING,
        stage="render",
        step=3,
        total=9,
        stages={"joints": StageRecord("ab", 1.5, True), "render": StageRecord("cd")},
        warnings=(("clip-alpha", "It has transparency."),),
        facts={"reference": {"count": 9}},
    )
    write_state(path, state)
    assert read_state(path) == state
    for damage in (b"", b"{", b"[]", b'{"stages": {"x": 1}}', b'{"status": "odd"}', b"\xff"):
        write_bytes(path, damage)
        assert read_state(path) == JobState()


@pytest.mark.skipif(os.name == "nt", reason="rights as POSIX has them")
def test_new_files_have_the_rights_of_any_new_file(odd_path: Path) -> None:
    """Also while other threads make files of their own, whose rights stay theirs."""
    script = (
        "import os, sys, threading; from pathlib import Path\n"
        "from mf_backend.contracts.files import write_bytes\n"
        "folder = Path(sys.argv[1]); os.umask(0o027); ended = threading.Event()\n"
        "def others():\n"
        "    for n in range(3000):\n"
        "        os.close(os.open(folder / f'other {n}', os.O_CREAT | os.O_WRONLY, 0o666))\n"
        "    ended.set()\n"
        "threading.Thread(target=others).start()\n"
        "while not ended.is_set():\n"
        "    write_bytes(folder / 'ours', b'x')\n"
        "print(sorted({oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}))\n"
    )
    assert printed(script, odd_path) == "['0o640']"
