"""Who in the footage is followed: chosen among those who were found, kept with the footage."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest

from mf_backend.actor.store.about import ActorAbout, Part, write_about
from mf_backend.actor.store.folder import actor_folder, actor_id
from mf_backend.clip.hashing import hash_clip
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.files import write_json, write_npz
from mf_backend.contracts.pointing import in_clip
from motionfollower_addon.core.job.shot import Shot, following, make_shot
from motionfollower_addon.host.footage import source
from motionfollower_addon.host.panel_shot import to_shot
from motionfollower_addon.host.run.analysis import asked_of
from motionfollower_addon.host.view.actor import stored
from tests.addon.scenes import add_footage, strips
from tests.backend.tiny_job import write_clip

COUNT, SIZE = 4, (96, 128)
CLIP = "clip"
PROPERTY = "motionfollower_person"


def body(x: float, height: float = 80.0) -> np.ndarray:
    """Eighteen joints of somebody who stands at `x`."""
    joints = np.full((18, 2), (x, 20.0), np.float32)
    joints[:, 1] += np.linspace(0, height, 18)
    joints[[2, 5, 8, 11]] = [(x - 6, 40), (x + 6, 40), (x - 4, 70), (x + 4, 70)]
    return joints


def write_store(root: Path, clip: Path, person: tuple[float, ...], people: np.ndarray) -> Path:
    """What an analysis leaves of frames on which these people are, the first of them followed."""
    sha256 = hash_clip(clip)
    actor = actor_folder(root, clip, actor_id(sha256, person))
    actor.quality.mkdir(parents=True)
    source_joints = np.full((COUNT, 60, 2), np.nan, np.float32)
    source_joints[:, :18] = people[:, 0]
    write_npz(
        actor.joints,
        frames=np.arange(COUNT),
        source=source_joints,
        state=np.zeros((COUNT, 60), np.uint8),
        others=people[:, 1:],
        people=people[:, ::-1],
        size=np.array(SIZE),
    )
    joints: dict[str, Any] = {"black_frames": [], "frames_without_person": [], "unsure_joints": {}}
    masks: dict[str, Any] = {"estimated_again": {}, "left_at_edge": []}
    quality = actor.quality / f"000000-{COUNT - 1:06d}.json"
    write_json(quality, {"joints": joints, "masks": masks})
    mark, whole = FileMark.of(quality), FileMark.of(actor.joints)
    assert mark is not None
    part = Part(0, COUNT - 1, {}, (0.0, 0.0, 0.0, 1.0, 1.0), {f"quality/{quality.name}": mark})
    facts = {"name": clip.name, "sha256": sha256, "width": SIZE[0], "height": SIZE[1]}
    facts |= {"count": COUNT, "fps": [24, 1]}
    write_about(actor.about, ActorAbout(actor_id(sha256, person), facts, person, (part,), whole))
    return actor.path


@pytest.fixture
def two_people(session: Any, odd_path: Path) -> Any:
    """A saved file whose footage shows two people, of whom the left one was followed."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    clip = odd_path / CLIP
    write_clip(odd_path, COUNT, SIZE)
    add_footage(scene, clip, start=11)
    scene.frame_start, scene.frame_end = 11, 14
    bpy.ops.wm.save_as_mainfile(filepath=str(odd_path / "two.blend"))
    people = np.stack([np.stack([body(25 + i), body(65)]) for i in range(COUNT)])
    root = odd_path / "motionfollower" / "actors"
    write_store(root, clip, (), people)
    stored.forget()
    return scene


def kept(scene: Any) -> list[list[float]]:
    text = strips(scene)["footage"].get(PROPERTY)
    return json.loads(text) if text else []


def test_a_number_or_a_point_chooses(two_people: Any, odd_path: Path) -> None:
    assert stored.find(two_people) is not None
    two_people.frame_set(13)
    assert bpy.ops.motionfollower.person_choose(number=2) == {"FINISHED"}
    assert kept(two_people) == [[2, 65, 55]]
    # Another person is another actor, whom nobody looked for yet; who is there is still known.
    assert stored.find(two_people) is None
    people = stored.look(two_people).people
    assert people is not None and [p.number for p in people.on(2) or ()] == [1, 2]
    assert people.on(COUNT) is None
    # The same frame again takes the place of the first; another one is added.
    assert bpy.ops.motionfollower.person_choose(frame=2, point=(30, 60)) == {"FINISHED"}
    assert bpy.ops.motionfollower.person_choose(frame=0, point=(60, 100)) == {"FINISHED"}
    assert kept(two_people) == [[0, 65, 55], [2, 27, 55]]
    clicks = ((0.0, 65.0, 55.0), (2.0, 27.0, 55.0))
    assert asked_of(to_shot(two_people), two_people).footage.clicks == clicks
    assert following(to_shot(two_people).settings, clicks).clicks == clicks
    told = make_shot({"person": [1, 5, 6]}, "here", Shot()).settings
    assert following(told, clicks) == told

    root = odd_path / "motionfollower" / "actors"
    both = np.stack([np.stack([body(65), body(25)])] * COUNT)
    folder = write_store(root, odd_path / CLIP, in_clip((), clicks, 0), both)
    stored.forget()
    actor = stored.find(two_people)
    assert actor is not None and actor.folder.path == folder

    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    scene = bpy.context.scene
    assert kept(scene) == [[0, 65, 55], [2, 27, 55]]
    assert bpy.ops.motionfollower.person_forget(frame=2) == {"FINISHED"}
    assert kept(scene) == [[0, 65, 55]]
    assert bpy.ops.motionfollower.person_choose(frame=1, number=1, keep=False) == {"FINISHED"}
    assert kept(scene) == [[1, 26, 55]]
    assert bpy.ops.motionfollower.person_forget() == {"FINISHED"}
    assert PROPERTY not in strips(scene)["footage"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"frame": 1, "point": (5, 5)}, "Nobody was found at (5, 5) on frame 2; 2 people were"),
        ({"frame": 1, "number": 3}, "Nobody was found with number 3 on frame 2"),
        ({"frame": 9, "number": 1}, "Frame 10 of the clip was not analysed"),
        ({"frame": 1}, "Neither a point nor a number"),
    ],
)
def test_nobody_there_is_one_sentence(two_people: Any, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(RuntimeError) as told:
        bpy.ops.motionfollower.person_choose(**asked)
    assert said in str(told.value)
    assert kept(two_people) == []


def test_before_any_analysis_only_a_point_can_be_given(two_people: Any, odd_path: Path) -> None:
    (odd_path / "motionfollower" / "actors").rename(odd_path / "elsewhere")
    stored.forget()
    with pytest.raises(RuntimeError, match="Press Analyse Actor first"):
        bpy.ops.motionfollower.person_choose(frame=1, number=1)
    assert bpy.ops.motionfollower.person_choose(frame=1, point=(30, 60)) == {"FINISHED"}
    assert kept(two_people) == [[1, 30, 60]]


def test_a_file_keeps_its_choice_with_the_scene(two_people: Any, odd_path: Path) -> None:
    values = two_people.motionfollower
    values.source, values.clip = "FILE", str(odd_path / CLIP)
    assert bpy.ops.motionfollower.person_choose(frame=1, number=2) == {"FINISHED"}
    assert kept(two_people) == []
    assert source.resolve(two_people, to_shot(two_people)).clicks == ((1.0, 65.0, 55.0),)
    values.clip = str(odd_path)
    assert source.clicks_of(two_people, to_shot(two_people)) == ()
    two_people["motionfollower_persons"] = "[not ours"
    values.clip = str(odd_path / CLIP)
    assert source.clicks_of(two_people, to_shot(two_people)) == ()


def test_what_was_found_is_shown_until_it_is_read_again(
    two_people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored.find(two_people)
    assert before is not None
    asked: list[Any] = []
    windowed = SimpleNamespace(app=SimpleNamespace(background=False), context=bpy.context)
    monkeypatch.setattr(stored, "bpy", windowed)
    monkeypatch.setattr(
        stored.background_read, "read_in_background", lambda _, *how: asked.append(how)
    )
    stored.look_again()
    assert stored.known(two_people) is before
    read, take = asked[-1]
    take(read())
    after = stored.known(two_people)
    assert after is not None and after is not before
    stored.forget()
    assert stored.known(two_people) is None
