"""A small set to film in, the camera, and Workbench as the film stock."""

from __future__ import annotations

from pathlib import Path

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from demo.clothes import material


def new_scene(
    name: str, size: tuple[int, int], fps: int, first: int, count: int
) -> bpy.types.Scene:
    """Add a scene with a camera that frames the figure from the front, and make it current."""
    scene = bpy.data.scenes.new(name)
    for window in bpy.context.window_manager.windows:
        window.scene = scene
    render = scene.render
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    render.fps, render.fps_base = fps, 1.0
    scene.frame_start, scene.frame_end = first, first + count - 1
    render.engine = "BLENDER_WORKBENCH"
    scene.display.render_aa = "5"
    scene.view_settings.view_transform = "Standard"
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "TEXTURE"
    shading.show_cavity, shading.cavity_type = True, "WORLD"
    camera = bpy.data.objects.new(f"{name} camera", bpy.data.cameras.new(f"{name} camera"))
    scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = (0.0, -3.55, 1.08), (np.pi / 2, 0.0, 0.0)
    camera.data.lens = 50 if size[0] >= size[1] else 50 * size[1] / size[0]
    scene.camera = camera
    return scene


def build_set(scene: bpy.types.Scene) -> None:
    """A brick wall, a wooden floor and some things to see behind the actor."""
    scene.view_settings.exposure = 0.5
    _plane(scene, "Wall", (0, 1.6, 1.9), (7.0, 3.8), upright=True, picture=_bricks())
    _plane(scene, "Floor", (0, -0.9, 0), (7.0, 5.0), upright=False, picture=_planks())
    boxes = (
        ((-1.25, 1.2, 0.30), (0.50, 0.50, 0.60), (0.55, 0.35, 0.12)),
        ((-1.25, 1.2, 0.75), (0.34, 0.34, 0.30), (0.16, 0.36, 0.16)),
        ((1.35, 1.3, 0.55), (0.60, 0.35, 1.10), (0.10, 0.25, 0.36)),
        ((0.80, 1.56, 1.75), (0.50, 0.05, 0.70), (0.75, 0.68, 0.45)),
        ((0.80, 1.53, 1.75), (0.36, 0.05, 0.52), (0.20, 0.42, 0.62)),
        ((-0.95, 1.55, 1.95), (0.80, 0.05, 0.10), (0.30, 0.20, 0.12)),
        ((-1.10, 1.50, 2.10), (0.14, 0.10, 0.20), (0.60, 0.12, 0.30)),
        ((-0.80, 1.50, 2.08), (0.10, 0.10, 0.16), (0.12, 0.45, 0.40)),
    )
    for place, size, colour in boxes:
        mesh = bmesh.new()
        bmesh.ops.create_cube(mesh, size=1.0, matrix=Matrix.Diagonal((*size, 1)))
        thing = _object(scene, "Thing", mesh)
        thing.location = place
        thing.data.materials.append(material(colour))


def film(scene: bpy.types.Scene, folder: Path) -> None:
    """Render the scene's frames as 000001.png … in `folder`."""
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.render.film_transparent = False
    _render(scene, folder)


def film_masks(scene: bpy.types.Scene, keep: list[bpy.types.Object], folder: Path) -> None:
    """Render where `keep` is seen, white on black, as 000001.png … in `folder`."""
    hidden = [o for o in scene.objects if o.type == "MESH" and o not in keep and not o.hide_render]
    shading, settings = scene.display.shading, scene.render.image_settings
    before = (shading.light, shading.color_type, shading.show_cavity, shading.show_shadows)
    colour, background = tuple(shading.single_color), scene.world
    try:
        for thing in hidden:
            thing.hide_render = True
        shading.light, shading.color_type = "FLAT", "SINGLE"
        shading.show_cavity = shading.show_shadows = False
        shading.single_color = (1.0, 1.0, 1.0)
        scene.world = bpy.data.worlds.new("Black")
        scene.world.color = (0.0, 0.0, 0.0)
        settings.file_format, settings.color_mode = "PNG", "BW"
        _render(scene, folder)
    finally:
        for thing in hidden:
            thing.hide_render = False
        shading.light, shading.color_type, shading.show_cavity, shading.show_shadows = before
        shading.single_color = colour
        settings.color_mode = "RGB"
        bpy.data.worlds.remove(scene.world)
        scene.world = background


def _render(scene: bpy.types.Scene, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(range(scene.frame_start, scene.frame_end + 1), 1):
        scene.frame_set(frame)
        scene.render.filepath = str(folder / f"{number:06d}.png")
        bpy.ops.render.render(write_still=True, scene=scene.name)


def _object(scene: bpy.types.Scene, name: str, mesh: bmesh.types.BMesh) -> bpy.types.Object:
    data = bpy.data.meshes.new(name)
    mesh.to_mesh(data)
    mesh.free()
    thing = bpy.data.objects.new(name, data)
    scene.collection.objects.link(thing)
    return thing


def _plane(
    scene: bpy.types.Scene,
    name: str,
    centre: tuple[float, float, float],
    size: tuple[float, float],
    upright: bool,
    picture: NDArray[np.float64],
) -> None:
    mesh = bmesh.new()
    layer = mesh.loops.layers.uv.new("UVMap")
    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    points = []
    for u, v in corners:
        across, along = u * size[0], v * size[1]
        offset = Vector((across, 0, along) if upright else (across, along, 0))
        points.append(mesh.verts.new(Vector(centre) + offset))
    face = mesh.faces.new(points)
    for loop, (u, v) in zip(face.loops, corners, strict=True):
        loop[layer].uv = (u + 0.5, v + 0.5)
    _object(scene, name, mesh).data.materials.append(_painted(name, picture))


def _painted(name: str, picture: NDArray[np.float64]) -> bpy.types.Material:
    """A material that shows a picture, float [height, width, 3] bottom row first."""
    height, width = picture.shape[:2]
    image = bpy.data.images.new(name, width, height)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., :3] = picture
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    found = bpy.data.materials.new(name)
    found.use_nodes = True
    node = found.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    found.node_tree.nodes.active = node
    return found


def _noise(height: int, width: int, seed: int) -> NDArray[np.float64]:
    """Soft blotches in 0..1, the same for the same seed."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width))
    for cells, weight in ((8, 0.5), (32, 0.3), (128, 0.2)):
        coarse = random.random((cells + 1, cells + 1))
        y, x = np.linspace(0, cells - 1e-6, height), np.linspace(0, cells - 1e-6, width)
        y0, x0 = y.astype(int), x.astype(int)
        fy, fx = (y - y0)[:, None], (x - x0)[None]
        top = coarse[y0][:, x0] * (1 - fx) + coarse[y0][:, x0 + 1] * fx
        bottom = coarse[y0 + 1][:, x0] * (1 - fx) + coarse[y0 + 1][:, x0 + 1] * fx
        total += weight * (top * (1 - fy) + bottom * fy)
    return total


def _bricks() -> NDArray[np.float64]:
    height, width, rows = 512, 1024, 32
    y, x = np.mgrid[0:height, 0:width]
    row = y // (height // rows)
    shifted = x + (row % 2) * 24
    column = shifted // 48
    mortar = (y % (height // rows) < 2) | (shifted % 48 < 2)
    shade = np.random.default_rng(3).random((rows, 64))[row, column % 64]
    value = 0.55 + 0.22 * shade + 0.25 * (_noise(height, width, 4) - 0.5)
    picture = value[..., None] * np.array((1.10, 1.06, 0.98))
    picture[mortar] = (0.62, 0.60, 0.57)
    return np.clip(picture, 0, 1)


def _planks() -> NDArray[np.float64]:
    height, width, rows = 512, 1024, 20
    y, _ = np.mgrid[0:height, 0:width]
    row = y * rows // height
    shade = np.random.default_rng(5).random(rows)[row]
    grain = _noise(height * 4, width, 6)[::4]
    value = 0.50 + 0.16 * shade + 0.30 * (grain - 0.5)
    picture = value[..., None] * np.array((1.20, 0.92, 0.64))
    picture[y % (height // rows) < 1] *= 0.6
    return np.clip(picture, 0, 1)
