"""What the demo does, step by step."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import bpy
import numpy as np

import motionfollower_addon
from demo import footage, mannequin, measure, sheet, watch
from film.places import cameras
from film.quiet import printed_to
from mf_backend.clip import open_clip, probe_clip, reference_for
from mf_backend.clip.info import ClipInfo
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.files import write_npz
from mf_backend.contracts.request import Settings
from mf_backend.engines import load_engine
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import read_state

_MARK = ".made-by-the-demo"
_NOBODY = "no-person"


@dataclass
class Clock:
    """Seconds that each step took, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step and say that it runs."""
        print(f"==> {name}", flush=True)
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start


@dataclass(frozen=True)
class Wish:
    """What the demo is asked for."""

    clip: Path | None
    """None: somebody is filmed."""
    fps: float
    """Of a folder of pictures."""
    frames: int
    """Length of the footage that is filmed."""
    hand_over: bool
    """Whether the filmed actor's own joints and masks go with the job."""
    engine: str


def run(wish: Wish, output: Path) -> bool:
    """Run the demo and leave its files in `output`; True where both measures are met."""
    output = output.absolute()
    prepare(output)
    wish = replace(wish, engine=_engine(wish.engine))
    clock = Clock()
    os.environ["MOTIONFOLLOWER_BACKEND_PYTHON"] = sys.executable
    bpy.ops.wm.read_factory_settings(use_empty=True)
    filmed = _film(output, wish.frames, clock) if wish.clip is None else None
    bpy.context.preferences.filepaths.save_version = 0  # no demo.blend1 beside demo.blend
    motionfollower_addon.register()
    try:
        job = _perform(wish, output, filmed, clock)
    finally:
        motionfollower_addon.unregister()
    quiet = printed_to(output / "estimator.log")
    truth = filmed.folder if filmed else None
    with clock.step("Measuring the result (joint estimator on the finished frames)"), quiet:
        result = measure.measure(job, output / "measured", truth)
    with clock.step("Making the contact sheet"):
        sheet.write(job, output / "contact_sheet.png", filmed.truth / "frames" if filmed else None)
    return report(job, output, clock, result)


def _engine(name: str) -> str:
    """The engine of this name, or the one with the weights of this package where it has none."""
    if name != "motionfollower" or not load_engine(name).missing(Settings()):
        return name
    print("No weights are imported: the sample that comes with the package paints.", flush=True)
    return "sample"


def _film(output: Path, frames: int, clock: Clock) -> footage.Filmed:
    """Film the footage, and the same person doing what the rig will ask for."""
    quiet = printed_to(output / "blender.log")
    with clock.step("Building the actor (body, rig, clothes, hair) and the set"), quiet:
        stage, shot = footage.set_up(frames)
    quiet = printed_to(output / "blender.log")
    with clock.step(f"Filming {frames} frames twice: the footage and the right answer"), quiet:
        return footage.film(stage, shot, output)


def prepare(output: Path) -> None:
    """Make the folder, or empty one that an earlier demo left. Raises InputError for others."""
    if output.is_dir() and any(output.iterdir()):
        if not (output / _MARK).is_file():
            raise InputError(
                "demo-folder",
                f"{output} holds files that no demo made.",
                "Give an empty or new folder with --output.",
            )
        shutil.rmtree(output)
    output.mkdir(parents=True, exist_ok=True)
    (output / _MARK).write_text("The demo empties this folder when it runs again.\n", "utf-8")


def _perform(
    wish: Wish,
    output: Path,
    filmed: footage.Filmed | None,
    clock: Clock,
) -> JobFolder:
    """Build the rig's scene, run the add-on's operator, save the file; returns the finished job."""
    first_scene = bpy.context.scene
    clip, fps = (wish.clip if filmed is None else filmed.clip), wish.fps
    assert clip is not None
    info = probe_clip(clip.absolute(), fps)  # a clip that cannot be read is told before any work
    shot = footage.new_scene("Shot", (info.width, info.height), footage.FPS, info.count)
    scene_fps = _match_rate(shot, info, fps)
    with clock.step("Building the rig that says how to move"):
        shot.camera = cameras.add(footage.CAMERA, "Shot camera", info.count, scene_fps)
        plan = footage.shot(info.count)
        rig, action = mannequin.add(plan.person.build, plan.truth, info.count, scene_fps)
    if filmed is None:
        bpy.data.scenes.remove(first_scene)
    blend = output / "demo.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    settings = shot.motionfollower
    settings.source, settings.clip, settings.fps = "FILE", str(clip.absolute()), fps
    settings.armature, settings.action, settings.camera = rig, action, shot.camera
    settings.mp4, settings.engine = str(output / "result.mp4"), wish.engine
    job = _render(output, clock, filmed, wish.hand_over)
    # Whoever opens the file and renders again starts from the strip, into the job's folder alone.
    settings.source, settings.clip, settings.mp4 = "STRIP", "", ""
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    return job


def _match_rate(scene: bpy.types.Scene, info: ClipInfo, fps: float) -> float:
    """Let the scene run at the clip's rate; a folder of pictures has the scene's unless given."""
    rate = float(info.fps) if info.kind == "video" or fps else float(footage.FPS)
    scene.render.fps = max(1, round(rate))
    scene.render.fps_base = scene.render.fps / rate
    return rate


def _render(
    output: Path,
    clock: Clock,
    filmed: footage.Filmed | None,
    hand_over: bool,
) -> JobFolder:
    """Run the operator; give it the figure's own joints and masks if nobody was found in it."""
    jobs = output / "motionfollower"
    if not hand_over:
        with clock.step("Running the add-on's Render operator (rig, backend, Sequencer)"):
            try:
                with watch.told(jobs):
                    bpy.ops.motionfollower.render()
                return _newest(jobs)
            except RuntimeError as error:
                state = read_state(_newest(jobs).state)
                if filmed is None or (state.error or {}).get("code") != _NOBODY:
                    raise MFError("demo-failed", f"The operator failed: {error}") from error
        print("    The estimators do not take the figure for a person.", flush=True)
    assert filmed is not None
    print(
        "    The figure's own joints and masks go with the job, as a user's own files would.",
        flush=True,
    )
    settings = bpy.context.scene.motionfollower
    settings.source_masks = str(
        shutil.copytree(filmed.folder / "source" / "alpha", output / "given_masks")
    )
    settings.source_joints = str(output / "given_joints.npz")
    with np.load(filmed.folder / "source" / "joints.npz") as known:
        write_npz(output / "given_joints.npz", source=known["joints"])
    with clock.step("Running the add-on's Render operator with them"), watch.told(jobs):
        bpy.ops.motionfollower.render()
    return _newest(jobs)


def _newest(jobs: Path) -> JobFolder:
    folders = [path.parent for path in jobs.glob("*/job.json")]
    if not folders:
        raise MFError("demo-failed", "The operator stopped before it made a job folder.")
    return JobFolder(max(folders, key=lambda path: (path / "job.json").stat().st_mtime))


def report(job: JobFolder, output: Path, clock: Clock, result: measure.Measures) -> bool:
    """Print what was measured and where everything is; True where both measures are met."""
    made = measure.read_report(job)
    print("\nSeconds for each step")
    for name, seconds in clock.seconds.items():
        print(f"  {seconds:7.1f}  {name}")
    print("Seconds for each stage of the backend (within the operator's)")
    for name, seconds in made["timings_seconds"].items():
        print(f"  {seconds:7.1f}  {name}")
    rate = made["frames_per_second"]["render"]
    if rate:
        width, height = made["outputs"]["size"]
        print(f"The engine alone: {rate:.2f} frames a second at {width}x{height}")
    clip = open_clip(reference_for(job.frames))
    with clip:
        count = clip.count
    asked = load_conditions(job.conditions).count
    print(f"Frames: {count} came out, {asked} went in")
    good, words = result.judge()
    print(words)
    for name in ("demo.blend", "result.mp4", "contact_sheet.png"):
        print(f"  {output / name}")
    return good and count == asked
