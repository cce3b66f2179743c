"""Looks before rendering, in Blender's window: looking OUT. Run by test_looking.py under Xvfb."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d

sys.path.append(str(Path(__file__).parents[1]))
from window import driver

NOTES = driver.NOTES
_LIMBS = {"LeftArm": (5, 6), "RightUpLeg": (8, 9), "RightLeg": (9, 10), "LeftForeArm": (6, 7)}
"""Bones and the two joints that they join."""


def view() -> Any:
    """The 3D View's space."""
    return driver.area("VIEW_3D").spaces.active


def main_region(kind: str = "VIEW_3D") -> Any:
    """The large region of an area."""
    return next(item for item in driver.area(kind).regions if item.type == "WINDOW")


def pixels_of(picture: Path) -> np.ndarray:
    """A screen's picture as 0 to 255, [height, width, 3], rows from below."""
    image = bpy.data.images.load(str(picture))
    width, height = image.size
    values = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return (values.reshape(height, width, 4)[..., :3] * 255).round()


def colours_on_limbs(picture: Path) -> dict[str, list[Any]]:
    """For each limb the wanted colour and the one on the screen where Blender shows its middle."""
    from mf_backend.skeleton.draw import LIMB_COLOURS
    from mf_backend.skeleton.joints import LIMBS

    seen = pixels_of(picture)
    region = main_region()
    rig = bpy.data.objects["Rig"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    found = {}
    for bone, joints in _LIMBS.items():
        limb = LIMBS.index(joints)
        pose = rig.pose.bones[bone]
        middle = rig.matrix_world @ ((pose.head + pose.tail) / 2)
        place = location_3d_to_region_2d(region, view().region_3d, middle)
        x, y = int(region.x + place.x), int(region.y + place.y)
        around = seen[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3)
        wanted = np.minimum(np.array(LIMB_COLOURS[limb]) / 0.6, 255)
        nearest = around[np.abs(around - wanted).sum(axis=1).argmin()]
        found[bone] = [wanted.tolist(), nearest.tolist()]
    return found


def look_through_camera(settings: Any) -> Iterator[float]:
    """The live skeleton through the camera, at two times."""
    view().overlay.show_overlays = True
    view().region_3d.view_perspective = "CAMERA"
    settings.show_overlay = True
    for frame in (1, 12):
        driver.window().scene.frame_set(frame)
        yield 0.2
        NOTES[f"camera-{frame}"] = colours_on_limbs(driver.photograph(f"looking-camera-{frame}"))


def look_freely() -> Iterator[float]:
    """The live skeleton from elsewhere, in perspective and without."""
    region = view().region_3d
    for name in ("PERSP", "ORTHO"):
        region.view_perspective = name
        region.view_distance = 5.0
        region.view_location = (0, 0, 0.9)
        region.view_rotation = (0.78, 0.56, 0.16, 0.22)
        region.update()
        yield 0.2
        NOTES[name] = colours_on_limbs(driver.photograph(f"looking-{name.lower()}"))
    region.view_perspective = "CAMERA"


def put_footage_behind() -> Iterator[float]:
    """The footage behind the rig and away again; the user's own picture stays."""
    camera = driver.window().scene.camera.data
    own = bpy.data.images.new("Own", 8, 8)
    camera.background_images.new().image = own
    camera.show_background_images = False
    for state in ("on", "off"):
        driver.operate("backdrop")
        yield 0.3
        driver.photograph(f"looking-footage-{state}")
        NOTES[f"backdrop-{state}"] = [
            [item.image.name for item in camera.background_images],
            camera.show_background_images,
        ]
    NOTES["images"] = [image.name for image in bpy.data.images]
    camera.background_images.remove(camera.background_images[0])
    driver.operate("backdrop")


def measure(overlay: Any) -> Iterator[float]:
    """What drawing takes while the timeline moves on."""
    overlay.seconds.clear()
    overlay.rig.samples = 0
    driver.time_panels()
    # Redraws without any change need no new sample.
    for _ in range(5):
        driver.redraw()
    NOTES["samples_still"] = overlay.rig.samples
    for frame in range(1, 25):
        driver.window().scene.frame_set(frame)
        driver.area("VIEW_3D").tag_redraw()
        driver.redraw()
        yield 0.02
    NOTES["draw_ms"] = [round(seconds * 1000, 3) for seconds in overlay.seconds]
    NOTES["samples"] = overlay.rig.samples


def see_the_fit(settings: Any) -> Iterator[float]:
    """Before anything is conditioned, then after a run."""
    settings.show_fit = True
    settings.show_render = settings.show_takes = False
    settings.show_fitting = True
    yield 0.3
    driver.photograph("looking-no-fit")
    with bpy.context.temp_override(
        window=driver.window(), area=driver.area("VIEW_3D"), region=driver.sidebar()
    ):
        NOTES["refused"] = ""
        try:
            bpy.ops.motionfollower.one_frame("INVOKE_DEFAULT")
        except RuntimeError as error:
            NOTES["refused"] = str(error)
    driver.operate("render")
    yield from driver.until(lambda: driver.session().flows[-1].stage.ended)
    NOTES["stage"] = driver.stage()
    settings.show_overlay = False
    driver.window().scene.frame_set(12)
    driver.area("VIEW_3D").tag_redraw()
    yield 0.3
    driver.photograph("looking-fit")


def preview_a_frame() -> Iterator[float]:
    """One frame: in a window of its own, then where an Image Editor is open."""
    from bl_ext.user_default.motionfollower.host.view import one_frame

    NOTES["frame_seconds"] = []
    windows = bpy.context.window_manager.windows
    for name in ("window", "editor"):
        driver.operate("one_frame")
        NOTES["asked"] = one_frame.waiting()
        yield from driver.until(lambda: not one_frame.waiting(), 60)
        asked = one_frame.latest()
        if asked.error is not None:
            raise asked.error
        NOTES["frame_seconds"].append(round(asked.seconds, 3))
        NOTES[f"frame-{name}"] = [len(windows), list(bpy.data.images[asked.image].size)]
        yield 0.5
        driver.photograph(f"looking-frame-{name}")
        if name == "window":
            with bpy.context.temp_override(window=windows[1]):
                bpy.ops.wm.window_close()
            yield 0.3
            driver.area("DOPESHEET_EDITOR").type = "IMAGE_EDITOR"
            driver.window().scene.frame_set(6)
            yield 0.3
    # Large enough to look at.
    about = json.loads(bpy.data.images[asked.image]["motionfollower_frame"])
    NOTES["frame_index"] = about["index"]
    image = bpy.data.images[asked.image]
    driver.area("VIEW_3D").type = "IMAGE_EDITOR"
    yield 0.3
    for item in driver.window().screen.areas:
        if item.type == "IMAGE_EDITOR":
            item.spaces.active.image = image
            region = next(r for r in item.regions if r.type == "WINDOW")
            with bpy.context.temp_override(window=driver.window(), area=item, region=region):
                bpy.ops.image.view_all(fit_view=True)
    yield 0.3
    driver.photograph("looking-frame")


def looking() -> Iterator[float]:
    """All of it in the order of the work."""
    from bl_ext.user_default.motionfollower.host.view import overlay as module

    yield from driver.show_tab()
    overlay = module.current()
    settings = driver.window().scene.motionfollower
    settings.show_motion = True
    yield from look_through_camera(settings)
    yield from look_freely()
    yield from put_footage_behind()
    yield from measure(overlay)
    settings.show_motion = False
    yield from see_the_fit(settings)
    yield from preview_a_frame()
    before = [handle for *_, handle in overlay._handles]
    overlay.rig._pose = (None, None)
    began = time.monotonic()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    after = [handle for *_, handle in overlay._handles]
    NOTES["load"] = [len(before), len(after), overlay.rig._pose is None, time.monotonic() - began]
    NOTES["handles_new"] = all(new is not old for new in after for old in before)


driver.main({"looking": looking})
