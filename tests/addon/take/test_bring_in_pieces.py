"""A result comes in piece by piece: what is done to the file meanwhile, and how long a piece is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import bpy
import pytest

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.request import ClipKind, JobRequest, Reference, Target
from mf_backend.jobs.disk.folder import JobFolder
from motionfollower_addon.core.job.provenance import Origin
from motionfollower_addon.host.run.stages import FlowStage
from motionfollower_addon.host.take.bring_in_pieces import BringIn
from tests.addon.scenes import every_strip, strips
from tests.addon.take.test_destination import start, takes, tick
from tests.backend.tiny_job import write_clip

LONG = 2000
_ARRIVING = "motionfollower_arriving"


def finished_job(folder: Path, clip: Path, count: int) -> tuple[JobFolder, JobRequest]:
    """A finished job of so many frames; Blender does not read them before it shows them."""
    job = JobFolder(folder)
    job.frames.mkdir(parents=True)
    for index in range(count):
        job.frame(index).touch()
    job.report.write_text(json.dumps({"stages": {}}), encoding="utf-8")
    reference = Reference(str(clip), ClipKind.IMAGES, first=0, count=count, fps=24.0)
    return job, JobRequest("0123456789ab", reference, Target("joints.npz", "poses"))


@pytest.fixture
def arriving(scene: Any, odd_path: Path) -> BringIn:
    """A long result for the scene, of which some pieces are there already."""
    footage = next(iter(strips(scene)))
    job, request = finished_job(odd_path / "jöb", odd_path / "footage" / "clip", LONG)
    origin = Origin(strip=footage.name, start=10, channel=footage.channel, title="Täke")
    bringing = BringIn(job, request, origin, [])
    while not half_made(scene) or len(half_made(scene)[0].elements) < 2:
        assert bringing.step(scene) == ""
    assert len(half_made(scene)[0].elements) < LONG, "all of it came in two pieces"
    return bringing


def half_made(scene: Any) -> list[Any]:
    """Strips that are on their way."""
    return [strip for strip in every_strip(scene) if strip.get(_ARRIVING)]


def whole(scene: Any, strip: Any) -> bool:
    """Whether a take is as it should be, and nothing half made is left."""
    assert [item.filename for item in strip.elements[:2]] == ["000001.png", "000002.png"]
    assert (len(strip.elements), strip.mute, strip.lock) == (LONG, False, False)
    assert strip.get("motionfollower_job") == "0123456789ab"
    return not half_made(scene)


def saved_strips(folder: Path) -> list[str]:
    """Names of the strips that the file on disk holds."""
    copy = folder / "löok.blend"
    copy.write_bytes(Path(bpy.data.filepath).read_bytes())
    with bpy.data.libraries.load(str(copy), link=True) as (have, want):
        want.scenes = list(have.scenes)
    names = [s.name for scene in want.scenes for s in every_strip(scene)]
    for scene in want.scenes:
        bpy.data.scenes.remove(scene)
    return names


def test_no_piece_is_long(arriving: BringIn, scene: Any) -> None:
    """In processor time of this thread, which other work on the machine does not lengthen."""
    held, name = [], ""
    while not name:
        begin = time.thread_time()
        name = arriving.step(scene)
        held.append(time.thread_time() - begin)
    assert whole(scene, every_strip(scene)[name])
    print(f"{LONG} frames in {len(held)} pieces, the longest {1000 * max(held):.1f} ms")
    assert max(held) < 0.030


def test_half_of_it_is_no_take_and_no_footage(arriving: BringIn, scene: Any) -> None:
    from motionfollower_addon.host.footage import source
    from motionfollower_addon.host.take import strips as sequencer

    (strip,) = half_made(scene)
    assert strip.mute and strip.lock
    assert sequencer.takes(scene) == []
    assert [item.name for item in source.footage_strips(scene)] == ["footage"]
    assert whole(scene, arriving.run(scene))


def test_the_half_made_strip_deleted_in_the_middle(arriving: BringIn, scene: Any) -> None:
    strips(scene).remove(half_made(scene)[0])
    assert whole(scene, arriving.run(scene))


def test_footage_deleted_in_the_middle(arriving: BringIn, scene: Any) -> None:
    strips(scene).remove(strips(scene)["footage"])
    strip = arriving.run(scene)
    assert whole(scene, strip)
    assert (int(strip.frame_final_start), strip.channel) == (10, 3)


def test_footage_moved_and_something_put_in_the_way(arriving: BringIn, scene: Any) -> None:
    footage = strips(scene)["footage"]
    footage.frame_start = 40
    other = strips(scene).new_image(
        name="other", filepath=footage.directory + "1.png", channel=3, frame_start=1500
    )
    strip = arriving.run(scene)
    assert whole(scene, strip)
    assert int(strip.frame_final_start) == 40
    assert strip.channel != other.channel


def test_withdrawn_it_leaves_no_trace_and_comes_again(arriving: BringIn, scene: Any) -> None:
    arriving.withdraw()
    assert [strip.name for strip in every_strip(scene)] == ["footage"]
    assert whole(scene, arriving.run(scene))


def test_what_an_autosave_caught_is_cleared_away(
    arriving: BringIn, scene: Any, odd_path: Path
) -> None:
    # A file that Blender writes by itself tells no add-on before.
    caught = odd_path / "cäught.blend"
    bpy.data.libraries.write(str(caught), {scene}, path_remap="ABSOLUTE")
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(caught)) as (have, want):
        want.scenes = list(have.scenes)
    assert half_made(want.scenes[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(odd_path / "ägain.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(odd_path / "ägain.blend"))
    assert all(not half_made(s) for s in bpy.data.scenes if s.sequence_editor)


def test_footage_that_no_strip_shows_comes_first(scene: Any, odd_path: Path) -> None:
    source = odd_path / "öther"
    write_clip(source, 7, (96, 128))
    strips(scene).remove(strips(scene)["footage"])
    job, request = finished_job(odd_path / "jöb", source / "clip", 7)
    bringing = BringIn(job, request, Origin(title="Täke"), [])
    name = ""
    while not name:
        name = bringing.step(scene)
        assert name or all(strip.mute and strip.lock for strip in every_strip(scene))
    footage, take = sorted(strips(scene), key=lambda strip: int(strip.channel))
    assert (take.name, len(footage.elements), len(take.elements)) == ("Täke", 7, 7)
    assert not (footage.mute or take.mute or footage.lock or take.lock or half_made(scene))


def test_saved_in_the_middle_the_file_holds_nothing_half_made(
    session: Any, scene: Any, odd_path: Path
) -> None:
    flow = start(session)
    tick(session, lambda: bool(half_made(scene)))
    bpy.ops.wm.save_mainfile()
    assert saved_strips(odd_path) == ["footage"]
    assert flow.stage is FlowStage.BRINGING_IN
    tick(session, lambda: flow.stage.ended)
    assert takes() == [flow.strip] and not half_made(scene)


def test_undone_in_the_middle_it_comes_all_the_same(session: Any, scene: Any) -> None:
    bpy.ops.ed.undo_push(message="before")
    flow = start(session)
    tick(session, lambda: bool(half_made(scene)))
    # Somebody does something else meanwhile, which keeps the half-made strip in a step of undo.
    bpy.ops.ed.undo_push(message="caught")
    scene.frame_set(3)
    bpy.ops.ed.undo_push(message="moved")
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert not half_made(bpy.context.scene)
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    assert takes() == [flow.strip] and not half_made(bpy.context.scene)


def test_another_file_opened_in_the_middle(session: Any, scene: Any) -> None:
    bpy.ops.wm.save_mainfile()
    path = bpy.data.filepath
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    bpy.ops.wm.save_mainfile()
    tick(session, lambda: bool(half_made(scene)))
    bpy.ops.wm.read_homefile(use_empty=True)
    for _ in range(3):
        session.tick()
    bpy.ops.wm.open_mainfile(filepath=path)
    tick(session, lambda: flow.stage.ended)
    assert takes() == [flow.strip] and not half_made(bpy.context.scene)


@pytest.mark.parametrize("lacks", ["report", "frames"])
def test_a_job_without_its_result_says_so(scene: Any, odd_path: Path, lacks: str) -> None:
    job, request = finished_job(odd_path / "jöb", odd_path / "footage" / "clip", 1)
    path = job.report if lacks == "report" else job.frame(0)
    path.unlink()
    expected = MFError if lacks == "report" else InputError
    with pytest.raises(expected, match=r"report|frames"):
        BringIn(job, request, Origin(strip="footage"), []).run(scene)
