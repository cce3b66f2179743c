"""Send to Farm, as scripts call it and as the window does it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.core.farm import openjd, pace
from tests.addon.scenes import add_action
from tests.backend.tiny_job import backend


def template(farm: Path) -> Any:
    return json.loads((farm / openjd.TEMPLATE).read_text(encoding="utf-8"))


def takes(farm: Path) -> str:
    values = json.loads((farm / openjd.VALUES).read_text(encoding="utf-8"))
    return str(values["Takes"])


@pytest.fixture
def two_actions(scene: Any) -> Any:
    """Two that suit the rig, and one that moves bones of another."""
    add_action(bpy.data.objects["Rig"], "Second", 6, lift=0.5)
    other = bpy.data.actions["Second"].copy()
    other.name = "Of another rig"
    curves = (
        other.fcurves
        if hasattr(other, "fcurves")
        else other.layers[0].strips[0].channelbags[0].fcurves
    )
    for curve in curves:
        curve.data_path = curve.data_path.replace('["', '["Dog')
    bpy.ops.wm.save_mainfile()
    return scene


def test_a_script_writes_the_folder_for_every_action(two_actions: Any, odd_path: Path) -> None:
    farm = odd_path / "färm"
    bpy.ops.motionfollower.send_to_farm(directory=str(farm), every_action=True)
    assert takes(farm) == "1-2"
    names = {
        json.loads((farm / f"jobs/{number}/job.json").read_text(encoding="utf-8"))["about"][
            "action"
        ]
        for number in (1, 2)
    }
    assert names == {"Wäve", "Second"}


def test_the_window_stays_free_while_it_is_written(
    two_actions: Any, session: Any, odd_path: Path
) -> None:
    from motionfollower_addon.host.run.farm import sending

    farm = odd_path / "färm"
    shots = sending.shots_at_hand(two_actions, every_action=True)
    session.longest_hold = (0.0, "")
    sending.begin(farm, shots)
    with pytest.raises(Exception, match="being sent already"):
        sending.begin(odd_path / "other", shots)
    until = time.monotonic() + 120
    while sending.look() is not None and time.monotonic() < until:
        session.tick()
        time.sleep(0.01)
    assert "2 takes (12 frames)" in sending.words()
    assert "No graphics card is needed." in sending.words()
    assert takes(farm) == "1-2"
    assert [flow.progress()[0] for flow in session.flows] == [1.0, 1.0]
    assert not (farm / "jobs/1/work").exists()


def test_takes_memory_and_time_are_told_before(
    two_actions: Any, session: Any, odd_path: Path
) -> None:
    from motionfollower_addon.host.run.farm import sending

    values = two_actions.motionfollower
    lines = sending.estimate(bpy.context, values, every_action=True)
    assert lines[0].startswith("2 takes: ")
    assert (
        lines[2] == "Time on one host: not known, since no take with these settings was "
        "finished here yet."
    )
    bpy.ops.motionfollower.render()
    lines = sending.estimate(bpy.context, values, every_action=True)
    assert lines[2].startswith("Time on one host: about ")


def test_a_file_that_was_never_saved_is_refused(session: Any, odd_path: Path) -> None:
    from tests.addon.scenes import SIZE, fill_scene
    from tests.backend.tiny_job import write_clip

    write_clip(odd_path / "footage", 6, SIZE)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    fill_scene(bpy.context.scene, odd_path, 6)
    with pytest.raises(RuntimeError, match="Save it first"):
        bpy.ops.motionfollower.send_to_farm(directory=str(odd_path / "färm"))
    assert not (odd_path / "färm").exists()


@pytest.mark.once("the backend's reports are read")
def test_pace_is_that_of_finished_takes_with_the_same_engine(
    two_actions: Any, odd_path: Path
) -> None:
    from mf_backend.contracts.request import Settings

    farm = odd_path / "färm"
    bpy.ops.motionfollower.send_to_farm(directory=str(farm))
    jobs = farm / "jobs"
    assert pace.seconds_a_frame([jobs], Settings()) is None
    assert backend("run", str(jobs / "1")).returncode == 0
    found = pace.seconds_a_frame([jobs], Settings())
    assert found is not None and 0 < found < 60
    assert pace.seconds_a_frame([jobs], Settings(engine="motionfollower")) is None
    assert [pace.in_words(x) for x in (None, 0.2, 600, 40_000)] == [
        "not known, since no take with these settings was finished here yet",
        "about 1 s",
        "about 10 min",
        "about 11.1 h",
    ]
