"""The footage, filmed twice: what the demo edits, and the right answer for its edit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from film.people.demo import ACTOR, SOURCE, TRUTH
from film.places.cameras import Shooting
from film.shooting import takes
from film.shooting.shot import Action, Shot
from film.shooting.stage import Stage, build

SIZE = (384, 448)
FPS = 24
CAMERA = Shooting(place=(0.1, -3.3, 1.2), at=(0.0, 0.0, 0.96), lens=48.0)


def shot(frames: int) -> Shot:
    """Somebody before a house on a sunny day: hands on the hips, and waving."""
    return Shot(
        name="demo",
        person=ACTOR,
        source=Action(SOURCE),
        truth=Action(TRUTH),
        size=SIZE,
        frames=frames,
        fps=float(FPS),
        set="street",
        set_seed=3,
        light="noon",
        light_turn=40.0,
        camera=CAMERA,
        samples=4,
    )


@dataclass(frozen=True)
class Filmed:
    """The scene that was filmed, and what came of it."""

    stage: Stage
    shot: Shot
    folder: Path
    """Holds plate, source and truth, each with alpha and joints.npz; truth has its frames, too."""
    clip: Path
    """The frames of the footage."""

    @property
    def truth(self) -> Path:
        """The film of the right answer."""
        return self.folder / "truth"


def set_up(frames: int) -> tuple[Stage, Shot]:
    """Begin a new file with the scene "Footage", ready to be filmed."""
    described = shot(frames)
    stage = build(described)
    stage.scene.name = "Footage"
    return stage, described


def film(stage: Stage, described: Shot, output: Path) -> Filmed:
    """Film the set, the footage and the right answer."""
    folder = output / "filmed"
    takes.film_plate(stage, folder / "plate", 1)
    for take in ("truth", "source"):
        stage.take(take)
        takes.film(stage, described, folder / "plate", folder / take)
    # The strip has its folder's name.
    clip = (folder / "source" / "frames").replace(output / "footage")
    stage.scene.render.use_border = False
    return Filmed(stage, described, folder, clip)


def new_scene(name: str, size: tuple[int, int], fps: int, count: int) -> bpy.types.Scene:
    """Add a scene for the rig, drawn plainly, and make it current."""
    scene = bpy.data.scenes.new(name)
    for window in bpy.context.window_manager.windows:
        window.scene = scene
    render = scene.render
    render.resolution_x, render.resolution_y = size
    render.resolution_percentage = 100
    render.fps, render.fps_base = fps, 1.0
    scene.frame_start, scene.frame_end = 1, count
    render.engine = "BLENDER_WORKBENCH"
    scene.view_settings.view_transform = "Standard"
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    return scene
