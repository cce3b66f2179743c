"""The actor by true clicks: analyse, choose, rig, mend joints, a take, mend a mask, give a plate,
save, open again, a second take: actor OUT.

Run by test_actor.py under Xvfb; the open file's footage shows two people.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
from window import buttons, driver, mending

NOTES = driver.NOTES
ANALYSE, CHOOSE = 0, 1
RIG = 3
"""Buttons of the section from the top; the matte's is between."""
_BONE = "upper_arm.L"


def main_region(kind: str, name: str = "WINDOW") -> Any:
    """The large region of an area."""
    return next(item for item in driver.area(kind).regions if item.type == name)


def settings() -> Any:
    """What the panels hold."""
    return driver.window().scene.motionfollower


def found() -> Any:
    """What there is of the footage."""
    from bl_ext.user_default.motionfollower.host.view.actor import stored

    return stored.look(driver.window().scene)


def strip() -> Any:
    """The footage's strip."""
    editor = driver.window().scene.sequence_editor
    every = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
    return next(item for item in every if item.name == "footage")


def prepare() -> Iterator[float]:
    """Nothing given, the section open, and the footage behind the rig in the camera's view."""
    yield from driver.show_tab()
    values, scene = settings(), driver.window().scene
    values.source_masks = values.source_joints = ""
    values.strip = "footage"
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    for name in ("footage", "motion", "bones", "fit", "quality", "render", "takes"):
        setattr(values, f"show_{name}", False)
    values.show_actor = True
    driver.area("VIEW_3D").spaces.active.region_3d.view_perspective = "CAMERA"
    # Behind the rig the clip begins with the motion, in the Sequencer later.
    scene.frame_set(2)
    driver.operate("backdrop")
    yield 0.5


def analyse(name: str) -> Iterator[float]:
    """Press Analyse Actor and wait for its end."""
    yield from buttons.press_wide(ANALYSE, f"actor-{name}")
    flows = driver.session().analyses
    yield from driver.until(lambda: flows or driver.session().analyses, 10)
    flow = driver.session().analyses[-1]
    began = time.monotonic()
    yield from driver.until(lambda: flow.stage.ended, 240)
    NOTES.setdefault("seconds", []).append(time.monotonic() - began)
    NOTES[name] = [flow.stage.name, str(flow.error or "")]
    actors = Path(bpy.data.filepath).parent / "motionfollower" / "actors"
    NOTES[f"{name}-folders"] = len(list(actors.iterdir()))
    yield 1.0


def show_layers(name: str, layers: set[str]) -> Iterator[float]:
    """Draw these over the footage and keep a picture."""
    settings().actor_shown, settings().actor_layers = bool(layers), layers
    # What was found is read by a thread, and the matte after the first drawing.
    for _ in range(3):
        driver.redraw()
        yield 0.3
    driver.photograph(f"actor-{name}")


def place(kind: str, region: str = "WINDOW") -> Any:
    """Where the footage is in an area, in pixels of the region, and its offset in the window."""
    from bl_ext.user_default.motionfollower.host.view.actor import places, stored

    area, shown_in = driver.area(kind), main_region(kind, region)
    clip = stored.clip_of(driver.window().scene)
    with bpy.context.temp_override(window=driver.window(), area=area, region=shown_in):
        shown = places.footage_in(area, shown_in, found().people, clip, bpy.context)
    return shown, (shown_in.x, shown_in.y)


def on_screen(x: float, y: float, kind: str, region: str = "WINDOW") -> tuple[float, float]:
    """Where a pixel of the clip is in the window."""
    shown, (left, bottom) = place(kind, region)
    assert shown.frame in (None, 1), shown
    wide, high = shown.place.size
    across = left + shown.place.left + (x + 0.5) / SIZE[0] * wide
    return across, bottom + shown.place.top - (y + 0.5) / SIZE[1] * high


def colour_at(picture: Path, x: float, y: float) -> list[int]:
    """The screen's colour there, red, green and blue from 0 to 255."""
    value = int(buttons.packed(picture)[int(y), int(x)])
    return [value >> 16, value >> 8 & 255, value & 255]


def choose_second() -> Iterator[float]:
    """A click beside everybody, then one on the second person."""
    people = found().people.on(1)
    NOTES["people"] = [person.number for person in people]
    yield from buttons.press_wide(CHOOSE, "actor-before-choice")
    yield 0.3
    picture = driver.photograph("actor-choice")
    x0, y0, x1, _ = people[1].box
    NOTES["outline"] = colour_at(picture, *on_screen((x0 + x1) / 2, max(0, y0), "VIEW_3D"))
    gap = (people[0].box[2] + people[1].box[0]) / 2
    if people[0].box[2] < people[1].box[0] - 2:
        yield from driver.click(*on_screen(gap, 3, "VIEW_3D"))
    NOTES["missed"] = strip().get("motionfollower_person", "")
    yield from driver.click(*on_screen(*people[1].middle, "VIEW_3D"))
    yield 0.5
    NOTES["chosen"] = json.loads(strip()["motionfollower_person"])
    NOTES["middle"] = list(people[1].middle)
    NOTES["not-known-yet"] = found().actor is None


def look_elsewhere() -> Iterator[float]:
    """The same over the clip in an Image Editor and in the Sequencer's preview."""
    driver.window().scene.frame_set(11)
    large = driver.area("VIEW_3D")
    x0, y0, x1, _ = found().people.on(1)[1].box
    for kind, name in (("IMAGE_EDITOR", "WINDOW"), ("SEQUENCE_EDITOR", "PREVIEW")):
        large.type = kind
        space = large.spaces.active
        if kind == "IMAGE_EDITOR":
            space.image = next(i for i in bpy.data.images if "motionfollower_backdrop" in i)
            user = space.image_user
            user.frame_start, user.frame_duration, user.frame_offset = 10, 3, -1
            user.use_auto_refresh = True
        else:
            space.view_type = "PREVIEW"
        yield 0.5
        region = main_region(kind, name)
        with bpy.context.temp_override(window=driver.window(), area=large, region=region):
            if kind == "IMAGE_EDITOR":
                bpy.ops.image.view_all()
            else:
                bpy.ops.sequencer.view_all_preview()
        yield from show_layers(kind.lower(), {"SKELETON", "MATTE", "PEOPLE"})
        picture = driver.OUT / f"actor-{kind.lower()}.png"
        spot = on_screen((x0 + x1) / 2, max(0, y0), kind, name)
        NOTES[f"outline-{kind}"] = colour_at(picture, *spot)
    large.type = "VIEW_3D"
    settings().actor_shown = False
    yield 0.5


def make_rig() -> Iterator[float]:
    """The rig by its button, and a bone of it turned by hand."""
    before = set(bpy.data.objects)
    yield from buttons.press_wide(RIG, "actor-before-rig")
    yield from driver.until(lambda: set(bpy.data.objects) - before, 60)
    (rig,) = (item for item in set(bpy.data.objects) - before if item.type == "ARMATURE")
    NOTES["rig"] = rig.name
    driver.window().scene.frame_set(11)
    region = main_region("VIEW_3D")
    with bpy.context.temp_override(
        window=driver.window(), area=driver.area("VIEW_3D"), region=region
    ):
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.pose.select_all(action="DESELECT")
    bone = rig.data.bones[_BONE]
    rig.data.bones.active = bone
    chosen = rig.pose.bones[_BONE] if hasattr(rig.pose.bones[_BONE], "select") else bone
    chosen.select = True
    before_turn = np.array(rig.pose.bones[_BONE].matrix)
    x, y = on_screen(SIZE[0] * 0.9, SIZE[1] * 0.5, "VIEW_3D")
    window = driver.window()
    window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=int(x), y=int(y))
    yield 0.2
    window.event_simulate(type="R", value="PRESS", x=int(x), y=int(y))
    yield 0.2
    window.event_simulate(type="R", value="RELEASE", x=int(x), y=int(y))
    for step in range(1, 4):
        window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=int(x), y=int(y) + 30 * step)
        yield 0.15
    for value in ("PRESS", "RELEASE"):
        window.event_simulate(type="LEFTMOUSE", value=value, x=int(x), y=int(y) + 90)
        yield 0.2
    bpy.context.view_layer.update()
    moved = np.abs(np.array(rig.pose.bones[_BONE].matrix) - before_turn).max()
    NOTES["turned"] = float(moved)


def mend() -> Iterator[float]:
    """Apply as Correction, by its button."""
    yield from buttons.press_wide(RIG + 1, "actor-before-mend")
    yield 0.8
    NOTES["mended"] = mended()
    yield from show_layers("mended", {"SKELETON"})


def mended() -> list[int]:
    """Frames of the corrections of the actor."""
    path = found().actor.folder.mends / "joints.json"
    if not path.is_file():
        return []
    return [one["frame"] for one in json.loads(path.read_text(encoding="utf-8"))["corrections"]]


def take(name: str, count: int) -> Iterator[float]:
    """A take of so many frames of the footage, 0 for all; what it asked and used."""
    settings().armature, settings().count = bpy.data.objects["Rig"], count
    driver.operate("render")
    flow = driver.session().flows[-1]
    yield from driver.until(lambda: flow.stage.ended, 240)
    NOTES[name] = {"stage": flow.stage.name, "folder": str(flow.folder)}


def open_again() -> Iterator[float]:
    """Save the file and open it again."""
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    yield 1.0
    NOTES["again"] = [json.loads(strip()["motionfollower_person"]), mended()]
    NOTES["actor"] = str(found().actor.folder.path)


def actor() -> Iterator[float]:
    """All of it in the order of the work."""
    yield from prepare()
    yield from analyse("first")
    yield from choose_second()
    yield from analyse("second")
    yield from show_layers("second-shown", {"SKELETON", "MATTE", "PEOPLE"})
    yield from look_elsewhere()
    yield from make_rig()
    yield from mend()
    bpy.ops.object.mode_set(mode="OBJECT")
    settings().actor_shown = False
    yield from take("first-take", 1)
    yield from mending.mend_mask(settings(), SIZE, found().people.on(1)[1].middle)
    yield from mending.replace_plate(settings(), SIZE)
    yield from open_again()
    yield from take("second-take", 0)


SIZE = (int(sys.argv[-2]), int(sys.argv[-1]))
driver.main({"actor": actor})
