"""The built extension in real Blenders, without a window."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from devtools.real_blender import Blender
from tests.backend.tiny_job import write_clip
from tests.blender.conftest import SCRIPTS, SIZE

pytestmark = pytest.mark.slow


def strips(blender: Blender, file: Path) -> list[dict[str, object]]:
    """What the Sequencer of a saved file holds."""
    out = file.with_suffix(".json")
    blender.script(SCRIPTS / "shots/list_strips.py", file, out)
    return json.loads(out.read_text(encoding="utf-8"))["strips"]  # type: ignore[no-any-return]


def children(pid: int) -> list[int]:
    """Child processes that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def running(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_zip_is_valid(blender: Blender, extension: Path) -> None:
    done = blender.run("--command", "extension", "validate", extension)
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_ends_with_0_and_wrong_usage_with_2(blender: Blender) -> None:
    done = blender.run("-b", "--command", "motionfollower", "--help")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skeletons" in done.stdout
    done = blender.run("-b", "--command", "motionfollower", "dance")
    assert done.returncode == 2, done.stdout + done.stderr


def test_render_leaves_a_file_whose_sequencer_plays_the_result(
    blender: Blender, shot: Path, odd_path: Path
) -> None:
    target = odd_path / "edïted.blend"
    done = blender.run(
        "-b", shot, "--command", "motionfollower", "render", "--json", "--save", target
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == 0
    assert told["saved"] == str(target)
    (outcome,) = told["shots"]
    assert outcome["frames"] == 6
    assert Path(outcome["mp4"]).is_file()

    found = strips(blender, target)
    footage = next(item for item in found if item["name"] == "footage")
    take = next(item for item in found if item["job"])
    assert (take["start"], take["length"]) == (footage["start"], footage["length"]) == (10, 6)
    assert take["channel"] == int(str(footage["channel"])) + 1
    assert all(Path(str(file)).is_file() for file in take["files"])  # type: ignore[attr-defined]
    assert len({*take["files"]}) == 6  # type: ignore[misc]


def test_wrong_input_gets_one_sentence_and_its_code(blender: Blender, shot: Path) -> None:
    done = blender.run(
        "-b", shot, "--command", "motionfollower", "render", "--clip", shot.parent / "nö.mp4"
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "There is no clip at" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_several_actions_go_on_after_one_that_failed(
    blender: Blender, shot: Path, odd_path: Path
) -> None:
    target = odd_path / "takes.blend"
    done = blender.run(
        "-b", shot, "--command", "motionfollower", "render",
        "--action", "Wäve", "missing", "Wäve", "--save", target,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "2 of 3 shots are done." in done.stdout
    takes = [item for item in strips(blender, target) if item["job"]]
    assert sorted(bool(item["mute"]) for item in takes) == [False, True]


def test_killing_blender_ends_the_backend_and_the_job_goes_on(
    blender: Blender, odd_path: Path
) -> None:
    write_clip(odd_path / "footage", 80, SIZE)
    blender.script(SCRIPTS / "shots/make_scene.py", odd_path, "80")
    shot = odd_path / "shöt 1.blend"
    process = blender.start("-b", shot, "--command", "motionfollower", "render")
    frames = "motionfollower/*/outputs/frames/[0-9]*.png"
    stop = time.monotonic() + 60
    while not list(odd_path.glob(frames)):
        assert time.monotonic() < stop and process.poll() is None, "no frame came"
        time.sleep(0.05)
    backends = children(process.pid)
    assert len(backends) == 1

    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    stop = time.monotonic() + 5
    while running(backends[0]):
        assert time.monotonic() < stop, "the backend outlived Blender by 5 s"
        time.sleep(0.05)

    kept = {path: path.stat().st_mtime_ns for path in odd_path.glob(frames)}
    assert 0 < len(kept) < 80
    blender.script(SCRIPTS / "shots/resume.py", shot, odd_path / "resumed.blend")
    takes = [item for item in strips(blender, odd_path / "resumed.blend") if item["job"]]
    assert len(takes) == 1
    assert takes[0]["length"] == 80
    assert len(list(odd_path.glob("motionfollower/*"))) == 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "finished frames are kept"
