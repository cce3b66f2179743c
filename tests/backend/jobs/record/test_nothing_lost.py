"""Files of a person's own beside and among a job's results are never overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.contracts.errors import OutputError
from mf_backend.contracts.files import hash_file
from mf_backend.jobs.disk.folder import JobFolder, make_folders
from mf_backend.jobs.record import copies
from mf_backend.jobs.record.copies import Copies
from tests.backend.jobs.runs import has_frames, kill_when, run, start, wait_until, warnings
from tests.backend.tiny_job import backend_environment, edit_request, make_job

COUNT = 10
FILM = b"somebody's film"


def painted(path: Path) -> bytes:
    """Paint into a picture as a person would; returns what it is now."""
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    cv2.circle(picture, (40, 40), 20, (0, 0, 255), -1)
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path.read_bytes()


def test_a_file_that_appears_at_the_chosen_name(odd_path: Path) -> None:
    chosen = odd_path / "Film ü.mp4"
    job = make_job(odd_path, count=COUNT, mp4=str(chosen))
    process = start(job)
    wait_until(process, has_frames(job, 2))
    chosen.write_bytes(FILM)
    process.communicate(timeout=100)
    assert process.returncode == 0
    assert chosen.read_bytes() == FILM
    copy = odd_path / "Film ü-2.mp4"
    assert hash_file(copy) == hash_file(job.mp4)
    assert str(copy) in warnings(job)["copy-renamed"]

    # The copy is there, under a name that was said: the job is as finished as any.
    before = copy.stat().st_mtime_ns
    assert run(job).code == 0
    assert chosen.read_bytes() == FILM and copy.stat().st_mtime_ns == before
    edit_request(job, settings__alignment="matched")
    assert run(job).code == 0
    assert chosen.read_bytes() == FILM and hash_file(copy) == hash_file(job.mp4)
    assert sorted(p.name for p in odd_path.glob("*.mp4")) == ["Film ü-2.mp4", "Film ü.mp4"]


def test_a_film_of_the_chosen_name_is_refused_before_work(odd_path: Path) -> None:
    chosen = odd_path / "film.mp4"
    job = make_job(odd_path, count=COUNT, mp4=str(chosen))
    assert run(job).code == 0
    chosen.write_bytes(FILM)
    assert run(job).value["error"]["code"] == "output-exists"
    assert chosen.read_bytes() == FILM


def test_the_own_former_copy_is_known_after_a_kill(odd_path: Path) -> None:
    """Killed between new frames and the new copy: the former copy is still this job's own."""
    chosen = odd_path / "film.mp4"
    job = make_job(odd_path, count=COUNT, mp4=str(chosen))
    assert run(job).code == 0
    former = chosen.read_bytes()
    edit_request(job, settings__alignment="matched")
    job.frame(2).unlink()
    kill_when(job, has_frames(job, 3))
    job.mp4.unlink()
    assert chosen.read_bytes() == former
    assert run(job).code == 0
    assert hash_file(chosen) == hash_file(job.mp4)
    assert [p.name for p in odd_path.glob("*.mp4")] == ["film.mp4"]


@pytest.mark.parametrize("links", [True, False])
def test_the_copy_is_placed_by_the_system_and_not_by_a_look_before(
    odd_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file appears after the look at the name; also on file systems that know no links."""
    job = JobFolder(odd_path / "job")
    job.path.mkdir()
    make_folders(job)
    job.mp4.write_bytes(b"the result")
    chosen = odd_path / "film.mp4"
    link = os.link

    def late(source: Path, target: Path) -> None:
        if not chosen.exists():
            chosen.write_bytes(FILM)
        if not links:
            raise PermissionError(1, "no links here")
        link(source, target)

    monkeypatch.setattr(copies.os, "link", late)
    said: list[str] = []
    place = Copies(job).place(str(chosen), lambda code, text: said.append(text))
    assert place == odd_path / "film-2.mp4" and place.read_bytes() == b"the result"
    assert chosen.read_bytes() == FILM and len(said) == 1
    assert sorted(p.name for p in odd_path.iterdir()) == ["film-2.mp4", "film.mp4", "job"]


def test_half_a_copy_of_a_killed_run_does_not_stay(odd_path: Path) -> None:
    job = JobFolder(odd_path / "job")
    job.path.mkdir()
    make_folders(job)
    job.mp4.write_bytes(b"the result" * 100)
    mine = odd_path / ".mf-part-notes.mp4"
    mine.write_bytes(FILM)
    script = (
        "import os, shutil, sys\n"
        "from pathlib import Path\n"
        "from mf_backend.jobs.disk.folder import JobFolder\n"
        "from mf_backend.jobs.record.copies import Copies\n"
        "def half(source, file):\n"
        "    file.write(source.read(100)); file.flush(); os._exit(9)\n"
        "shutil.copyfileobj = half\n"
        "Copies(JobFolder(Path(sys.argv[1]))).place(sys.argv[2], print)\n"
    )
    chosen = str(odd_path / "film.mp4")
    command = [sys.executable, "-c", script, str(job.path), chosen]
    assert subprocess.run(command, env=backend_environment(), check=False).returncode == 9
    assert len(list(odd_path.glob(".mf-part-*"))) == 2
    place = Copies(job).place(chosen, lambda code, text: None)
    assert place.read_bytes() == job.mp4.read_bytes()
    assert sorted(p.name for p in odd_path.iterdir()) == [mine.name, "film.mp4", "job"]


def test_a_copy_that_cannot_be_written(odd_path: Path) -> None:
    job = make_job(odd_path, count=COUNT, mp4=str(odd_path / "file" / "film.mp4"))
    (odd_path / "file").write_bytes(FILM)
    assert run(job).value["error"]["exit_code"] in (2, 6)
    edit_request(job, output__mp4=str(odd_path / "new" / "folders" / "film.mp4"))
    assert run(job).code == 0
    assert hash_file(odd_path / "new" / "folders" / "film.mp4") == hash_file(job.mp4)
    with pytest.raises(OutputError):
        Copies(job).check(str(odd_path / "file"))


def test_painted_frames_are_kept_aside(odd_path: Path) -> None:
    job = make_job(odd_path, count=COUNT)
    assert run(job).code == 0
    good = [job.frame(i).read_bytes() for i in range(COUNT)]
    mp4 = job.mp4.read_bytes()

    own = painted(job.frame(4))
    assert run(job).again() == ["render"]
    assert [job.frame(i).read_bytes() for i in range(COUNT)] == good
    assert job.mp4.read_bytes() == mp4
    kept = job.kept / "frames"
    assert (kept / "000005.png").read_bytes() == own
    assert "Frame 5 " in warnings(job)["frames-changed"]

    again, other = painted(job.frame(4)), painted(job.frame(5))
    edit_request(job, settings__widen_mask=12.0)
    assert run(job).code == 0
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {
        "000005.png": own,
        "000005-2.png": again,
        "000006.png": other,
    }
    assert [job.frame(i).read_bytes() for i in range(COUNT)] != good


def test_painted_between_a_kill_and_the_next_run(odd_path: Path) -> None:
    job = make_job(odd_path, count=COUNT)
    kill_when(job, has_frames(job, 4))
    own = painted(job.frame(1))
    foreign = job.frames / "notes.png"
    foreign.write_bytes(own)
    ahead = job.frame(COUNT - 1)
    ahead.write_bytes(own)
    assert run(job).code == 0
    assert (job.kept / "frames" / "000002.png").read_bytes() == own
    assert (job.kept / "frames" / ahead.name).read_bytes() == own
    assert foreign.read_bytes() == own
    assert run(job).again() == []


def test_painted_while_others_are_made(odd_path: Path) -> None:
    job = make_job(odd_path, count=16)
    process = start(job)
    wait_until(process, has_frames(job, 3))
    own = painted(job.frame(0))
    process.communicate(timeout=100)
    assert process.returncode == 0
    assert (job.kept / "frames" / "000001.png").read_bytes() == own
    assert job.frame(0).read_bytes() != own
    assert run(job).again() == []


def test_a_mended_mask_is_kept_aside(odd_path: Path) -> None:
    job = make_job(odd_path, count=COUNT)
    assert run(job).code == 0
    own = painted(job.conditions / "source_masks" / "frame_3.png")
    assert run(job).again() == ["masks"]
    assert (job.kept / "conditions" / "source_masks" / "frame_3.png").read_bytes() == own


def test_painted_in_a_job_from_before_there_were_records(odd_path: Path) -> None:
    job = make_job(odd_path, count=COUNT)
    assert run(job).code == 0
    for path in job.record.iterdir():
        path.unlink()
    own = painted(job.frame(2))
    edit_request(job, settings__alignment="matched")
    assert run(job).code == 0
    assert (job.kept / "frames" / "000003.png").read_bytes() == own
    assert len(list((job.kept / "frames").iterdir())) == 1
