"""Films a stage's takes: pictures, the actor's matte, his joints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from film.people.looks import ACTOR_PASS
from film.shooting.shot import Shot
from film.shooting.stage import Stage
from film.shooting.window import Box, window
from mf_backend.contracts.files import write_npz
from motionfollower_addon.core.rig.joints.compose import WorldPose, compose
from motionfollower_addon.host.rig.camera import read_camera

_FEATHER = 6
"""Pixels over which a picture's window goes over into the plate."""


def film_plate(stage: Stage, folder: Path, frames: int) -> None:
    """Film the set without the actor and his shadow: 000001.png … in `folder`."""
    stage.show_actor(False)
    stage.scene.use_nodes = False
    for frame in range(1, frames + 1):
        path = folder / f"{frame:06d}.png"
        _picture(stage.scene, path, frame, None)
        _write(path, _read(path))
    stage.show_actor(True)


def film(stage: Stage, shot: Shot, plate: Path, folder: Path) -> None:
    """Film what the actor does now into `folder`: frames, alpha, joints.npz.

    Only the window that he and his shadow are in is rendered, the rest is the plate's, so that
    pictures of one shot differ where they should and nowhere else.
    """
    stage.show_actor(True)
    _write_matte(stage.scene, folder / "alpha")
    for frame in range(1, shot.frames + 1):
        still = plate / f"{frame:06d}.png"
        background = _read(still if still.is_file() else plate / "000001.png")
        stage.scene.frame_set(frame)
        box = window(stage, shot)
        path = folder / "frames" / f"{frame:06d}.png"
        _picture(stage.scene, path, frame, box)
        share = _share(box, shot.size)[..., None]
        _write(path, background + share * (_read(path) - background))
        matte = folder / "alpha" / path.name
        _write(matte, _read(matte, "L"))
    found = joints(stage, shot)
    write_npz(folder / "joints.npz", joints=found.pixels, positions=found.positions)


def _read(path: Path, mode: str = "RGB") -> NDArray[np.float32]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert(mode), np.float32)


def _write(path: Path, picture: NDArray[np.float32]) -> None:
    """Write a PNG without Blender's notes on dates and times: the same film is the same bytes."""
    Image.fromarray(np.rint(picture).astype(np.uint8)).save(path, compress_level=4)


def _share(box: Box, size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel is the window's [height, width]: 1 inside, 0 outside."""
    sides = []
    for low, high, most in ((box[0], box[2], size[0]), (box[1], box[3], size[1])):
        at = np.arange(most, dtype=np.float32) + 0.5
        rise = np.ones(most, np.float32) if low == 0 else np.clip((at - low) / _FEATHER, 0, 1)
        fall = np.ones(most, np.float32) if high == most else np.clip((high - at) / _FEATHER, 0, 1)
        sides.append(np.minimum(rise, fall))
    across, down = sides
    return np.minimum(down[:, None], across[None, :])


def _picture(scene: bpy.types.Scene, path: Path, frame: int, box: Box | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    render = scene.render
    settings = render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
    settings.compression = 20
    render.use_border, render.use_crop_to_border = box is not None, False
    if box is not None:
        wide, high = render.resolution_x, render.resolution_y
        render.border_min_x, render.border_max_x = box[0] / wide, box[2] / wide
        render.border_min_y, render.border_max_y = 1 - box[3] / high, 1 - box[1] / high
    scene.frame_set(frame)
    render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _write_matte(scene: bpy.types.Scene, folder: Path) -> None:
    """Let each rendered frame leave the pass that marks the actor, too."""
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    whole = tree.nodes.new("CompositorNodeComposite")
    tree.links.new(layers.outputs["Image"], whole.inputs["Image"])
    out = tree.nodes.new("CompositorNodeOutputFile")
    out.base_path = str(folder)
    out.format.file_format, out.format.color_mode = "PNG", "BW"
    out.format.color_depth = "8"
    out.format.color_management = "OVERRIDE"
    out.format.view_settings.view_transform = "Raw"
    out.file_slots[0].path = "######"
    tree.links.new(layers.outputs[ACTOR_PASS], out.inputs[0])


@dataclass(frozen=True)
class Joints:
    """`pixels` float32 [n, 60, 2], NaN absent; `positions` float32 [n, 60, 3] before the camera,
    metres, x right, y down, z into the picture."""

    pixels: NDArray[np.float32]
    positions: NDArray[np.float32]


def joints(stage: Stage, shot: Shot) -> Joints:
    """The actor's joints in every frame, as annotators of the pictures would mark them."""
    pixels, positions = [], []
    for frame in range(1, shot.frames + 1):
        stage.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        camera = read_camera(stage.camera, graph)
        points = stage.actor.joints.now()
        forward, left = stage.actor.joints.head_axes(stage.poser.roles.head)
        seen = compose(WorldPose(points, forward, left), camera, shot.size)
        whole = np.concatenate([points, np.ones((len(points), 1))], axis=1)
        place = (whole @ np.asarray(camera.world_to_camera).T)[:, :3] * [1.0, -1.0, -1.0]
        place[np.isnan(seen[:, 0])] = np.nan
        pixels.append(seen)
        positions.append(place)
    return Joints(np.stack(pixels).astype(np.float32), np.stack(positions).astype(np.float32))
