"""`prepare` and `bring-in`, called as Blender calls them, with the real backend in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.core.farm.takes import read_takes, write_takes
from tests.addon.run.farm.batches import frames_of
from tests.addon.run.test_command_line import run
from tests.addon.scenes import add_action, every_strip
from tests.backend.tiny_job import backend


@pytest.fixture
def listed(scene: Any, odd_path: Path) -> Path:
    """A list of three shots, the third of which is broken; the file is saved with two actions."""
    add_action(bpy.data.objects["Rig"], "Second", 6, lift=0.5)
    bpy.ops.wm.save_mainfile()
    shots = [{"action": "Wäve"}, {"action": "Second", "name": "twö"}, {"action": "nothing"}]
    path = odd_path / "shots.json"
    path.write_text(json.dumps(shots), encoding="utf-8")
    return path


def takes_in(file: Path) -> list[str]:
    bpy.ops.wm.open_mainfile(filepath=str(file))
    found = every_strip(bpy.context.scene)
    return sorted(strip["motionfollower_job"] for strip in found if "motionfollower_job" in strip)


def test_prepared_jobs_run_anywhere_and_come_in_once(
    listed: Path, odd_path: Path, capfd: Any
) -> None:
    source, jobs, saved = Path(bpy.data.filepath), odd_path / "jöbs", odd_path / "takes.blend"
    before = source.read_bytes()

    code, out, _ = run(capfd, "prepare", "--list", str(listed), "--output", str(jobs), "--json")

    told = json.loads(out)
    assert code == told["exit_code"] == 2
    assert [shot["take"] for shot in told["shots"]] == [1, 2, 3]
    assert [shot["code"] for shot in told["shots"]] == ["", "", "action-missing"]
    request = json.loads((jobs / "1/job.json").read_text(encoding="utf-8"))
    assert len(request["reference"]["sha256"]) == 64
    assert sorted(path.name for path in jobs.iterdir()) == ["1", "2", "3"]
    assert not (jobs / "1/work").exists()
    assert source.read_bytes() == before

    refused = backend("run", str(jobs / "3"))
    assert refused.returncode == 2
    assert "There is no action named 'nothing'" in refused.stderr
    assert backend("run", str(jobs / "1")).returncode == 0

    code, out, _ = run(capfd, "bring-in", str(jobs), "--save", str(saved))
    assert code == 1, out
    assert "[2] twö: The job in" in out
    assert "is not finished. Not started." in out
    assert "There is no action named 'nothing'" in out
    assert len(takes_in(saved)) == 1

    assert backend("run", str(jobs / "2")).returncode == 0
    (jobs / "3/not_prepared.json").unlink()
    code, out, _ = run(capfd, "bring-in", str(jobs), "--save", str(saved))
    assert code == 0, out
    assert "already in the Sequencer" in out
    assert "2 of 2 takes are in" in out
    assert len(takes_in(saved)) == 2


def in_new_blender(capfd: Any, *arguments: str) -> tuple[int, str, str]:
    """As a new `blender -b FILE` does it: with the file as it is on disk."""
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    return run(capfd, *arguments)


def test_prepare_again_keeps_what_is_there(listed: Path, odd_path: Path, capfd: Any) -> None:
    jobs = odd_path / "jobs"
    again = ["prepare", "--list", str(listed), "--output", str(jobs), "--takes", "1-2"]
    assert in_new_blender(capfd, *again)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in jobs.rglob("*")}

    code, out, _ = in_new_blender(capfd, *again)
    assert code == 0
    assert out.count("already prepared") == 2
    assert {path: path.stat().st_mtime_ns for path in jobs.rglob("*")} == before

    code, out, _ = in_new_blender(capfd, *again, "--seed", "9")
    assert code == 6
    assert "was made from another shot" in out
    bpy.data.objects["Rig"].location.x = 0.2
    bpy.ops.wm.save_mainfile()
    code, out, _ = in_new_blender(capfd, *again)
    assert code == 6
    assert {path: path.stat().st_mtime_ns for path in jobs.rglob("*")} == before


@pytest.mark.once("the packed job runs in the backend alone")
def test_a_packed_job_runs_where_nothing_else_is(
    listed: Path, odd_path: Path, tmp_path: Path, capfd: Any
) -> None:
    jobs, elsewhere = odd_path / "jobs", tmp_path / "änother host"
    pack = ["prepare", "--list", str(listed), "--output", str(jobs), "--takes", "1"]
    assert run(capfd, *pack, "--pack")[0] == 0
    assert backend("run", str(jobs / "1")).returncode == 0
    plain = frames_of(jobs / "1")

    assert in_new_blender(capfd, *pack, "--output", str(odd_path / "fresh"), "--pack")[0] == 0
    elsewhere.mkdir()
    (odd_path / "fresh/1").rename(elsewhere / "1")
    away = odd_path / "away"
    (odd_path / "footage").rename(away)
    done = backend("run", str(elsewhere / "1"))
    assert done.returncode == 0, done.stderr
    assert frames_of(elsewhere / "1") == plain and len(plain) == 6

    away.rename(odd_path / "footage")
    saved = odd_path / "takes.blend"
    assert run(capfd, "bring-in", str(elsewhere), "--save", str(saved))[0] == 0
    assert len(takes_in(saved)) == 1

    picture = next((elsewhere / "1/inputs/packed/clip").iterdir())
    picture.write_bytes(picture.read_bytes() + b"x")
    done = backend("run", str(elsewhere / "1"))
    assert done.returncode == 2
    assert "it has changed" in done.stderr


def test_packing_does_not_touch_a_job_without_its_clip(
    listed: Path, odd_path: Path, capfd: Any
) -> None:
    again = ["prepare", "--list", str(listed), "--output", str(odd_path / "jobs"), "--takes", "1"]
    assert in_new_blender(capfd, *again)[0] == 0
    code, out, _ = in_new_blender(capfd, *again, "--pack")
    assert code == 6
    assert "without its clip; it is not overwritten" in out


def test_a_mended_shot_takes_the_place_of_its_note(
    listed: Path, odd_path: Path, capfd: Any
) -> None:
    again = ["prepare", "--list", str(listed), "--output", str(odd_path / "jobs"), "--takes", "3"]
    assert run(capfd, *again)[0] == 2
    assert [path.name for path in (odd_path / "jobs/3").iterdir()] == ["not_prepared.json"]
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("nothing", "Second"), encoding="utf-8")
    assert run(capfd, *again)[0] == 0
    assert (odd_path / "jobs/3/job.json").is_file()
    assert [path.name for path in (odd_path / "jobs").iterdir()] == ["3"]


def test_bring_in_says_where_there_is_nothing(scene: Any, odd_path: Path, capfd: Any) -> None:
    saved = odd_path / "takes.blend"
    for folder in (odd_path / "nowhere", odd_path):
        code, _, err = run(capfd, "bring-in", str(folder), "--save", str(saved))
        assert code == 2
        assert "Choose the folder that `prepare` wrote into." in err
    assert not saved.exists()


def test_a_job_of_another_version_is_told(listed: Path, odd_path: Path, capfd: Any) -> None:
    jobs = odd_path / "jobs"
    run(capfd, "prepare", "--list", str(listed), "--output", str(jobs), "--takes", "1")
    file = jobs / "1/job.json"
    value = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**value, "schema": 99}), encoding="utf-8")
    code, out, _ = run(capfd, "bring-in", str(jobs), "--save", str(odd_path / "takes.blend"))
    assert code == 2
    assert "schema 99" in out


def test_jobs_that_cannot_be_written_are_told(scene: Any, odd_path: Path, capfd: Any) -> None:
    (odd_path / "gone").write_text("no folder", encoding="utf-8")
    code, out, _ = run(capfd, "prepare", "--output", str(odd_path / "gone/jobs"))
    assert code == 6
    assert "could not be written" in out
    assert "0 of 1 jobs are in" in out


def test_prepare_needs_a_folder(scene: Any, capfd: Any) -> None:
    code, _, err = run(capfd, "prepare")
    assert code == 2
    assert "--output DIR" in err


@pytest.mark.parametrize("text", ["", "0", "4", "2-1", "1-4", "x", "1;2", "1-3:0"])
def test_takes_that_are_not_there(text: str) -> None:
    with pytest.raises(Exception, match="take") as caught:
        read_takes(text, 3)
    assert caught.value.exit_code == 2  # type: ignore[attr-defined]


def test_takes_are_read_as_they_are_written() -> None:
    assert read_takes("1-9:2, 4", 9) == {1, 3, 4, 5, 7, 9}
    for numbers in ({1}, {1, 2, 3}, {1, 3}, {2, 3, 4, 9, 11, 12}):
        assert read_takes(write_takes(numbers), 12) == numbers
