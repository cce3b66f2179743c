"""Poses the window for the guide's pictures: pictures|actor OUT.

Run by docs/take_pictures.py under Xvfb; with `actor` only for those of the actor. The open file is
a copy of the demo's. For each picture OUT/notes.json holds what to cut out of the
screen: [left, lower edge, width, height] in pixels from the lower left.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import mask_shapes
from window import driver

_FACTS = 222
"""Rows of what Blender tells about an add-on over its preferences."""
_BESIDE = 230
"""Pixels left of the footage in the camera's view."""
CUTS: dict[str, list[int]] = {}
driver.NOTES["cuts"] = CUTS
SECTIONS = ("footage", "actor", "motion", "bones", "fit", "quality", "render", "takes")


def keep(name: str, whole: bool = False, kind: str = "VIEW_3D") -> None:
    """Photograph the screen; the sidebar or the whole area is what the picture is about.

    Behind a sidebar everything is black, by which its end is found when it is cut out.
    """
    space = driver.area(kind).spaces.active
    if not whole:
        space.shading.background_type, space.shading.background_color = "VIEWPORT", (0, 0, 0)
        space.overlay.show_overlays = space.show_gizmo = False
    driver.photograph(name)
    if not whole:
        space.shading.background_type = "THEME"
        space.overlay.show_overlays = space.show_gizmo = True
    part = driver.area(kind) if whole else driver.sidebar(kind)
    CUTS[name] = [part.x, part.y, part.width, part.height]


def settings() -> Any:
    """What the panels hold."""
    return driver.window().scene.motionfollower


def open_only(*names: str) -> Iterator[float]:
    """Open these sections and close the others."""
    for name in SECTIONS:
        setattr(settings(), f"show_{name}", name in names)
    driver.area("VIEW_3D").tag_redraw()
    yield 0.3


def look_through_camera() -> Iterator[float]:
    """The camera's view, filling the area."""
    area = driver.area("VIEW_3D")
    area.spaces.active.region_3d.view_perspective = "CAMERA"
    region = next(item for item in area.regions if item.type == "WINDOW")
    with bpy.context.temp_override(window=driver.window(), area=area, region=region):
        bpy.ops.view3d.view_center_camera()
    driver.window().scene.frame_set(16)
    yield 0.3


def begin() -> Iterator[float]:
    """The sidebar with all sections closed."""
    yield from driver.show_tab()
    # The demo names its files, which are only where it ran.
    settings().source, settings().strip = "STRIP", "footage"
    for item in driver.window().scene.objects:
        item.select_set(False)
    yield from open_only()


def pictures() -> Iterator[float]:
    """All pictures in the order of the guide."""
    from bl_ext.user_default.motionfollower.host.run import memory_need

    yield from begin()
    keep("panel")
    for name in ("footage", "motion", "bones"):
        yield from open_only(name)
        keep(name)

    yield from look_through_camera()
    yield from show_the_actor()
    yield from open_only("motion")
    settings().show_overlay = True
    driver.operate("backdrop")
    yield 0.5
    keep("skeleton", True)
    settings().show_overlay = False
    driver.operate("backdrop")

    # The demo asks for a video file, which is there already.
    settings().count, settings().mp4 = 12, ""
    yield from open_only("render")
    driver.operate("render")
    yield from driver.until(
        lambda: driver.session().flows[-1].stage.ended or driver.frames_come(), 300
    )
    keep("queue")
    yield from driver.until(lambda: driver.session().flows[-1].stage.ended, 200)
    driver.NOTES["stage"] = driver.stage()
    settings().engine = "motionfollower"
    yield from open_only("quality")
    yield from driver.until(memory_need.asked)
    yield 0.5
    keep("quality")
    settings().engine = "preview"
    yield from open_only("takes")
    keep("takes")

    yield from open_only("fit")
    settings().show_fitting = True
    driver.operate("backdrop")
    bpy.data.objects["Mannequin body"].hide_set(True)
    driver.window().scene.frame_set(6)
    yield 0.5
    keep("fit", True)
    settings().show_fitting = False
    driver.operate("backdrop")

    yield from open_only("takes")
    yield from driver.show_tab("SEQUENCE_EDITOR")
    yield from show_sequencer()
    yield from compare_with_footage()
    yield from install_the_backend()


def show_the_actor() -> Iterator[float]:
    """What was found of the actor, over the footage and as a rig of his own."""
    settings().count = 12
    driver.operate("actor_analyse")
    flow = driver.session().analyses[-1]
    yield from driver.until(lambda: flow.stage.ended, 300)
    driver.NOTES["analysis"] = flow.stage.name
    yield from open_only("actor")
    yield from driver.until(actor_is_known)
    yield 0.5
    keep("actor")
    yield from open_only()
    driver.window().scene.frame_set(8)
    figures = [item for item in bpy.data.objects if item.name.startswith("Mannequin")]
    for item in figures:
        item.hide_set(True)
    driver.operate("backdrop")
    settings().actor_shown, settings().actor_layers = True, {"SKELETON", "MATTE", "PEOPLE"}
    for _ in range(4):
        driver.redraw()
        yield 0.3
    keep("actor-shown", True)
    settings().actor_shown = False
    before = set(bpy.data.objects)
    driver.operate("actor_rig")
    yield from driver.until(lambda: set(bpy.data.objects) - before)
    yield 0.5
    keep("actor-rig", True)
    for item in set(bpy.data.objects) - before:
        bpy.data.objects.remove(item)
    yield from mend_a_mask()
    driver.operate("backdrop")
    yield from replace_the_plate()
    for item in figures:
        item.hide_set(False)
    driver.window().scene.frame_set(16)
    settings().count = 0


def mend_a_mask() -> Iterator[float]:
    """A Mask whose layer keeps the face as it was filmed, and the matte without it."""
    from bl_ext.user_default.motionfollower.host.view.actor import stored

    scene = driver.window().scene
    actor = stored.look(scene).actor
    face = actor.joints[actor.row(stored.clip_frame(scene, actor, scene.frame_current)), 0]
    mask = bpy.data.masks.new("Face")
    spot = mask_shapes().in_mask(actor.size, face)
    mask_shapes().ellipse(mask.layers.new(name="face"), spot, (0.045, 0.055), 0.01)
    settings().actor_mask = mask
    driver.operate("mask_role", layer="face", role="front")
    driver.operate("mask_apply")
    settings().actor_shown, settings().actor_layers = True, {"MATTE"}
    yield from open_only("actor")
    yield from driver.until(actor_is_known)
    for _ in range(4):
        driver.redraw()
        yield 0.3
    keep("actor-mask", True)
    # Left of the picture there is nothing to see.
    CUTS["actor-mask"][0] += _BESIDE
    CUTS["actor-mask"][2] -= _BESIDE
    settings().actor_shown = False
    line = stored.look(scene).actor.layers[0]
    driver.operate("mask_remove", name=line.id)
    settings().actor_mask = None


def replace_the_plate() -> Iterator[float]:
    """What a take recovered, as an image, and a copy of it given as the user's own plate."""
    area = driver.area("VIEW_3D")
    sidebar = area.spaces.active.show_region_ui
    driver.operate("plate_show")
    image = next(item for item in bpy.data.images if "motionfollower_plate" in item)
    area.type = "IMAGE_EDITOR"
    area.spaces.active.image, area.spaces.active.show_region_ui = image, False
    yield 0.3
    region = next(item for item in area.regions if item.type == "WINDOW")
    with bpy.context.temp_override(window=driver.window(), area=area, region=region):
        bpy.ops.image.view_all(fit_view=True)
    yield 0.3
    keep("plate", True, "IMAGE_EDITOR")
    image.save(filepath=str(Path(bpy.data.filepath).parent / "clean_street.png"))
    area.type = "VIEW_3D"
    area.spaces.active.show_region_ui = sidebar
    settings().plate, settings().plate_fit = "//clean_street.png", "as-is"
    yield from open_only("fit")
    keep("own-plate")
    settings().plate = ""
    yield from open_only()


def actor() -> Iterator[float]:
    """The pictures of the actor only."""
    yield from begin()
    yield from look_through_camera()
    yield from show_the_actor()


def actor_is_known() -> bool:
    """Whether the panel has what the analysis found."""
    from bl_ext.user_default.motionfollower.host.view.actor import stored

    return stored.look(driver.window().scene).actor is not None


def show_sequencer() -> Iterator[float]:
    """The take over its footage."""
    area = driver.area("SEQUENCE_EDITOR")
    region = next(item for item in area.regions if item.type == "WINDOW")
    with bpy.context.temp_override(window=driver.window(), area=area, region=region):
        bpy.ops.sequencer.view_all()
    yield 0.8
    keep("sequencer", True, "SEQUENCE_EDITOR")


def compare_with_footage() -> Iterator[float]:
    """The take beside its footage."""
    area = driver.area("SEQUENCE_EDITOR")
    area.spaces.active.view_type = "PREVIEW"
    area.spaces.active.show_region_ui = False
    yield 0.5
    preview = next(item for item in area.regions if item.type == "PREVIEW")
    job = next(take for take in driver.takes() if not take.mute)["motionfollower_job"]
    driver.window().scene.frame_set(8)
    with bpy.context.temp_override(window=driver.window(), area=area, region=preview):
        bpy.ops.motionfollower.take_compare(job=job, mode="SIDE")
        bpy.ops.sequencer.view_all_preview()
    yield 1.0
    driver.photograph("compare")
    # The two halves lie across the middle; around them everything is black.
    height = min(preview.height, preview.width)
    left = preview.x + (preview.width - height) // 2
    bottom = preview.y + (preview.height - height // 2) // 2
    CUTS["compare"] = [left - 8, bottom - 8, height + 16, height // 2 + 16]


def install_the_backend() -> Iterator[float]:
    """The preferences while the backend is being installed; it is stopped after the picture."""
    from bl_ext.user_default.motionfollower.host.setup.backend import backend_setup, preferences

    driver.session().close_backend()
    values, area = preferences(), driver.area("SEQUENCE_EDITOR")
    values.install_folder = str(driver.OUT / "backend")
    values.python_choice, values.python_path = "CHOSEN", os.environ["MF_PICTURES_PYTHON"]
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "MotionFollower"
    yield 0.5
    with bpy.context.temp_override(window=driver.window(), area=area):
        bpy.ops.preferences.addon_expand(module="bl_ext.user_default.motionfollower")
        bpy.ops.motionfollower.install_backend("INVOKE_DEFAULT")
    process = backend_setup().process
    yield from driver.until(lambda: "(8 of" in process.status.text or process.status.phase.ended)
    yield 0.2
    driver.photograph("setup")
    backend_setup().cancel()
    yield from driver.until(lambda: not backend_setup().working, 60)
    region = next(item for item in area.regions if item.type == "WINDOW")
    # Above it stand the add-on's facts, with a path of this computer.
    height = region.height - _FACTS
    CUTS["setup"] = [region.x, region.y, region.width, height]


driver.main({"pictures": pictures, "actor": actor})
