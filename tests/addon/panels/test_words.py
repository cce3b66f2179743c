"""What panels say about memory, missing files and partial rigs, in an animator's words."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from motionfollower_addon.core.backend.process import _how_it_ended
from motionfollower_addon.core.disk.path_watch import PathWatch
from motionfollower_addon.core.rig.coverage import coverage
from motionfollower_addon.core.rig.mapping import MAPPABLE, REQUIRED, Anchor, Mapping
from tests.addon.panels.test_sections import drawn, why_not

GIB = 2**30


@pytest.mark.parametrize(
    ("told", "short", "wanted"),
    [
        (
            {"needed_bytes": GIB, "free_bytes": 4 * GIB, "device": "cpu", "preset": ""},
            False,
            "Needs about 1.0 GB of this computer's memory; 4.0 GB are free.",
        ),
        # A backend that tells no more than what is needed and free.
        (
            {"needed_bytes": 5 * GIB, "free_bytes": 4 * GIB, "device": "cpu", "preset": ""},
            True,
            "Close other programs, or use footage with fewer pixels.",
        ),
        (
            {
                "needed_bytes": 18 * GIB, "free_bytes": 11 * GIB, "device": "cuda:0",
                "preset": "24", "fits": False, "fitting_preset": "8", "fitting_bytes": 5 * GIB,
                "of_a_newer_backend": 1,
            },
            True,
            "of the graphics card's memory with the preset for 24 GB; 11.0 GB are free. "
            "Set Memory to 8 GB, which takes 5.0 GB.",
        ),
        (
            {
                "needed_bytes": 5 * GIB, "free_bytes": 4 * GIB, "device": "cuda:1", "preset": "6",
                "fits": False, "fitting_preset": "", "fitting_bytes": None, "camera_helps": True,
            },
            True,
            "Switch Moving Camera off and set Memory to 6 GB.",
        ),
        (
            {
                "needed_bytes": 9 * GIB, "free_bytes": 2 * GIB, "device": "cuda:0", "preset": "6",
                "fits": False, "fitting_preset": "", "camera_helps": False,
            },
            True,
            "Close other programs that use the graphics card",
        ),
        ({"free_bytes": 1}, False, ""),
    ],
)  # fmt: skip
def test_memory_that_is_short_is_marked_with_the_next_step(
    told: dict[str, Any], short: bool, wanted: str
) -> None:
    from motionfollower_addon.host.run.memory_need import need_of

    need = need_of(told)
    assert need.short is short
    assert wanted in need.words
    assert need.words.startswith("Too little memory") is short


def test_the_quality_section_warns_open_and_closed(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from motionfollower_addon.host.run.memory_need import Need
    from motionfollower_addon.panels.sections import quality

    need = Need("Too little memory: it needs about 9.0 GB.", True)
    monkeypatch.setattr(quality.memory_need, "look", lambda *_: need)
    assert "too little memory" in drawn(scene).lines
    assert need.words in drawn(scene, "quality").text


def until_known(watch: PathWatch, path: Path) -> bool:
    """The answer, once it came."""
    stop = time.monotonic() + 10
    while (found := watch.exists(str(path))) is None:
        assert time.monotonic() < stop
        time.sleep(0.01)
    return found


def test_files_are_looked_for_behind_the_scenes(odd_path: Path) -> None:
    watch = PathWatch(fresh_seconds=0.05)
    file = odd_path / "clïp.mp4"
    assert watch.exists(str(file)) is None, "nothing waits for a disk"
    assert until_known(watch, file) is False
    changes = watch.changes
    file.touch()
    time.sleep(0.1)
    stop = time.monotonic() + 10
    while not watch.exists(str(file)):
        assert time.monotonic() < stop
        time.sleep(0.01)
    assert watch.changes == changes + 1
    watch.forget()
    assert watch.exists(str(file)) is None


def test_a_drive_that_does_not_answer_holds_nobody(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    real = Path.exists
    dead = odd_path / "dead"

    def exists(path: Path, **given: Any) -> bool:
        if path.parent == dead:
            answers.wait(20)
        return real(path, **given)

    monkeypatch.setattr(Path, "exists", exists)
    watch = PathWatch()
    begin = time.monotonic()
    for number in range(20):
        assert watch.exists(str(dead / str(number))) is None
    assert time.monotonic() - begin < 1
    threads = [item for item in threading.enumerate() if item.name == "motionfollower-path"]
    assert len(threads) <= 8
    answers.set()
    stop = time.monotonic() + 10
    while watch.waiting:
        assert time.monotonic() < stop
        time.sleep(0.01)


def test_footage_that_is_gone_is_said_in_its_section(scene: Any, odd_path: Path) -> None:
    from motionfollower_addon.host.footage import on_disk

    settings = scene.motionfollower

    def say() -> str:
        drawn(scene)
        stop = time.monotonic() + 10
        while on_disk._Holder.watch.waiting:
            assert time.monotonic() < stop
            time.sleep(0.01)
        return drawn(scene).lines[1]

    assert say() == "6 frames, footage"
    (odd_path / "footage").rename(odd_path / "elsewhere")
    on_disk.after_load()
    assert say() == "its file is missing"
    assert "which is not there. Choose its file again" in drawn(scene, "footage").text
    (odd_path / "elsewhere").rename(odd_path / "footage")
    on_disk.after_load()
    assert say() == "6 frames, footage"

    settings.source, settings.clip = "FILE", "//no such clip.mp4"
    assert say() == "its file is missing"
    settings.source = "STRIP"
    assert why_not(scene) == ""


def test_what_a_rig_lacks_is_said_plainly() -> None:
    every = Mapping("x", "X", {name: Anchor(name) for name in MAPPABLE})
    assert coverage(every) == ("Arms and legs: all 12 joints; fingers: all 40",)
    bare = Mapping("x", "X", {name: Anchor(name) for name in REQUIRED})
    assert coverage(bare) == (
        "Arms and legs: all 12 joints",
        "No bones for fingers, toes and face: left out, the rest works",
    )
    some = bare.with_joint("head", Anchor("head")).with_joint("left_toe", Anchor("toe"))
    assert coverage(some)[1] == "No bones for fingers: left out, the rest works"
    some = every.with_joint("left_hand_thumb_1", None)
    assert coverage(some) == ("Arms and legs: all 12 joints; fingers: 39 of 40",)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "no longer answers"),
        (-9, "was stopped from outside, perhaps because memory ran out"),
        (-15, "was stopped from outside"),
        (-11, "crashed"),
        (0xC0000005, "crashed"),
        (3, "ended by itself (code 3)"),
    ],
)
def test_how_the_backend_ended_in_words(code: int | None, words: str) -> None:
    assert _how_it_ended(code) == words


def test_a_run_has_its_name_from_the_click_on(scene: Any, session: Any) -> None:
    from motionfollower_addon.host.panel_shot import to_shot
    from motionfollower_addon.host.run.flow import RenderFlow

    flow = RenderFlow(session.client, to_shot(scene))
    assert flow.title == "clip Wäve"


@pytest.mark.parametrize(
    ("status", "stage", "words"),
    [
        ("running", "render", "Broken off while rendering"),
        ("cancelled", "target_mask", "Cancelled while predicting where the actor goes"),
        ("failed", "joints", "Failed while finding the actor's joints"),
        ("queued", "", "Not started"),
        ("done", "report", "Finished"),
    ],
)
def test_jobs_on_disk_say_how_far_they_came(status: str, stage: str, words: str) -> None:
    from mf_backend.jobs.disk.state import JobState, Status
    from motionfollower_addon.host.run.jobs_on_disk import how_far

    assert how_far(JobState(status=Status(status), stage=stage)) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2026-11-27 04:22:25,200 INFO HTTP Request: GET http://x/config.json", ""),
        (
            "Fetching 4 files:  25%|##5  | 1/4 [00:01<00:03]",
            "Fetching 4 files: 25 %",
        ),
        ("a.bin:   0%|  | 0\ra.bin:  43%|####  | 6.9M/16.0M", "a.bin: 43 %"),
        ("Importing denoising_unet.pth", "Importing denoising_unet.pth"),
    ],
)
def test_a_download_shows_its_share_and_no_log(line: str, words: str) -> None:
    from motionfollower_addon.core.setup.weights import shown

    assert shown(line) == words
