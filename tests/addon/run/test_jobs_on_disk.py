"""Many job folders beside a file: all are found, the latest first, and the panel stays short."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import bpy
import pytest

from mf_backend.contracts.request import ClipKind, JobRequest, Reference, Target
from mf_backend.jobs.disk.folder import JobFolder, create_job
from mf_backend.jobs.disk.state import JobState, Status, write_state
from motionfollower_addon import ids
from motionfollower_addon.core.disk.read_in_thread import Reading
from motionfollower_addon.host.options import jobs_roots
from motionfollower_addon.host.run import jobs_on_disk
from motionfollower_addon.host.take import home_scene
from tests.addon.panels.test_sections import drawn
from tests.addon.scenes import every_strip

MANY = 200


def make_job(root: Path, number: int, about: dict[str, Any], status: Status) -> Path:
    """A job folder as a run leaves it."""
    folder = root / f"jöb-{number:03d}"
    reference = Reference(str(root / "clip"), ClipKind.IMAGES, count=6, fps=24.0)
    request = JobRequest(f"{number:012d}", reference, Target("joints.npz"), about=about)
    create_job(folder, request)
    write_state(JobFolder(folder).state, JobState(status=status, stage="render"))
    # As if each had been made a second after the one before.
    os.utime(folder / "job.json", (1_700_000_000 + number,) * 2)
    return folder


@pytest.fixture
def folders(scene: Any) -> list[Path]:
    """Many jobs of the open file, and some that are not its."""
    mine = {"scene": scene.name, "scene_id": home_scene.mark(scene), "blend": bpy.data.filepath}
    other = {"scene": "Scene", "scene_id": "another", "blend": "/elsewhere.blend"}
    root = jobs_roots()[0]
    made = [make_job(root, n, mine, Status.CANCELLED) for n in range(MANY)]
    for number in range(MANY, MANY + 20):
        make_job(root, number, other, Status.CANCELLED)
    (root / "nö job").mkdir()
    (root / "nö job" / "job.json").write_text("{", encoding="utf-8")
    return made


def test_all_of_the_files_own_are_found_the_latest_first(
    session: Any, scene: Any, folders: list[Path]
) -> None:
    found = jobs_on_disk.refresh()
    assert [job.folder for job in found] == folders[::-1]
    assert session.waiting == found

    begin = time.thread_time()
    paper = drawn(scene, "render")
    spent = time.thread_time() - begin
    buttons = [given.folder for name, given in paper.buttons if name == ids.OP_RETRY]
    assert buttons == [str(folder) for folder in folders[::-1][: len(buttons)]]
    assert 3 <= len(buttons) <= 10
    assert f"And {MANY - len(buttons)} older" in paper.text
    print(f"{MANY} job folders: panel drawn on paper in {1000 * spent:.1f} ms")


def test_a_finished_one_waits_only_while_its_take_is_not_there(session: Any, scene: Any) -> None:
    bpy.ops.motionfollower.render()
    assert jobs_on_disk.refresh() == ()
    take = next(strip for strip in every_strip(scene) if strip.get(ids.STRIP_JOB))
    del take[ids.STRIP_JOB]
    (job,) = jobs_on_disk.refresh()
    assert job.finished


def test_a_reading_waits_for_its_thread_and_raises_what_went_wrong(odd_path: Path) -> None:
    slow = Reading(lambda: (time.sleep(0.2), "read")[1])
    assert not slow.finished
    assert slow.take() == "read"
    assert slow.finished
    with pytest.raises(FileNotFoundError):
        Reading((odd_path / "nö").read_text).take()
