"""Runs the code that Blender and the backend share, in whatever Python starts this file.

    PYTHON shared_code.py FOLDER [TEST ...]
    BLENDER -b --python shared_code.py -- FOLDER [TEST ...]

Writes FOLDER/values.npz, FOLDER/words.json and a job folder, then runs the TESTs with pytest, which
may lie in the folder MF_PYTEST where this Python has none: its own numpy goes first. The inputs
come from the standard library's `random`, whose numbers are the same in every version.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import os
import pkgutil
import random
import sys
import time
import types
from fractions import Fraction
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
SIZE = (400, 336)
# Where joints 0..17 of a person are in a picture of 512.
PERSON = (
    (256, 90), (256, 150), (206, 150), (190, 230), (180, 300), (306, 150), (330, 220), (340, 300),
    (226, 300), (220, 390), (215, 470), (286, 300), (292, 390), (300, 470), (246, 78), (266, 78),
    (230, 86), (282, 86),
)  # fmt: skip
SHARED = (
    "mf_backend.contracts.errors", "mf_backend.contracts.files", "mf_backend.contracts.progress",
    "mf_backend.contracts.request", "mf_backend.jobs.disk.folder", "mf_backend.jobs.disk.state",
    "mf_backend.protocol.messages", "mf_backend.version",
)  # fmt: skip
PACKAGES = ("mf_backend.skeleton", "motionfollower_addon.core")


def import_all() -> int:
    """Import every shared module; returns how many."""
    sys.path.insert(0, str(ROOT))
    # The add-on's own package starts bpy; its `core` needs only to be found inside it.
    addon = types.ModuleType("motionfollower_addon")
    addon.__path__ = [str(ROOT / "motionfollower_addon")]
    sys.modules["motionfollower_addon"] = addon
    names = list(SHARED)
    for package in PACKAGES:
        found = importlib.import_module(package)
        names += [item.name for item in pkgutil.walk_packages(found.__path__, f"{package}.")]
    for name in names:
        importlib.import_module(name)
    return len(names)


def people(count: int) -> np.ndarray:
    """Joints float64 [count, 60, 2] of people in SIZE, some with hands, some joints absent."""
    source = random.Random(1)
    result = np.full((count, 60, 2), np.nan)
    for joints in result:
        for k, (x, y) in enumerate(PERSON):
            place = x + source.uniform(-25, 25), y + source.uniform(-25, 25)
            joints[k] = place[0] * SIZE[0] / 512, place[1] * SIZE[1] / 512
        for wrist, hand in ((7, slice(18, 39)), (4, slice(39, 60))):
            if source.random() < 0.3:
                continue
            turn = source.uniform(0, math.tau)
            joints[hand][0] = joints[wrist]
            for finger in range(5):
                for part in range(4):
                    angle = turn + (finger - 2) * 0.35 + source.uniform(-0.05, 0.05)
                    far = 12 + 7 * part
                    step = far * math.cos(angle), far * math.sin(angle)
                    joints[hand][1 + 4 * finger + part] = joints[wrist] + step
        for k in range(18):
            if source.random() < 0.05:
                joints[k] = np.nan
    return result


def skeletons() -> dict[str, np.ndarray]:
    """Skeletons drawn, read back and laid over a view."""
    from mf_backend.skeleton.draw import draw_skeleton
    from mf_backend.skeleton.read_back import read_joints
    from motionfollower_addon.core.view import skeleton_lines

    joints = people(24)
    pictures = np.stack([draw_skeleton(pose, SIZE) for pose in joints])
    read = np.stack([read_joints(picture) for picture in pictures[:6]])
    place = skeleton_lines.fit_inside(skeleton_lines.Rectangle(10, 20, 700, 500), SIZE)
    strokes = [
        skeleton_lines.strokes(skeleton_lines.onto(pose, SIZE, place), 1.3) for pose in joints
    ]
    laid = {
        f"strokes_{item.name}": np.concatenate([getattr(one, item.name) for one in strokes])
        for item in dataclasses.fields(skeleton_lines.Strokes)
        if not item.name.endswith("width")
    }
    return {"joints": joints, "pictures": pictures, "read": read, **laid}


def projections() -> dict[str, np.ndarray]:
    """A person in space through cameras of every kind."""
    from motionfollower_addon.core.rig.joints.compose import WorldPose, compose
    from motionfollower_addon.core.rig.joints.projection import Camera, Lens, SensorFit

    source = random.Random(2)
    seen = []
    for _ in range(60):
        points = np.array([[source.uniform(-1, 1) for _ in range(3)] for _ in range(60)])
        points[source.randrange(18)] = np.nan
        angle = source.uniform(0, math.tau)
        right = np.array([math.cos(angle), math.sin(angle), 0.0])
        matrix = np.eye(4)
        matrix[:3, :3] = np.stack([right, (0, 0, 1), np.cross(right, (0, 0, 1))])
        matrix[:3, 3] = source.uniform(-1, 1), source.uniform(-1, 1), -source.uniform(2, 9)
        camera = Camera(
            matrix,
            lens=source.choice(list(Lens)),
            focal_length=source.uniform(18, 90),
            sensor_fit=source.choice(list(SensorFit)),
            shift_x=source.uniform(-0.2, 0.2),
            shift_y=source.uniform(-0.2, 0.2),
        )
        pose = WorldPose(points, np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
        seen.append(compose(pose, camera, SIZE, (1.0, source.choice((1.0, 1.5)))))
    return {"projected": np.stack(seen)}


def words() -> dict[str, object]:
    """Retimings, naming families, a guess, messages and a request, as JSON tells them."""
    from mf_backend.contracts import errors, request
    from mf_backend.protocol import messages
    from motionfollower_addon.core.rig import bone_maps, mapping, mirror, retiming

    source = random.Random(3)
    retimed = []
    for _ in range(80):
        span = sorted(source.sample(range(-50, 200), 2))
        rates = [source.choice((24, 25, 30, Fraction(24000, 1001), 59.94)) for _ in range(2)]
        policy = source.choice([item for item in retiming.Policy if item != "error"])
        plan = retiming.plan(tuple(span), rates[0], source.randrange(1, 90), rates[1], policy)
        retimed.append([list(plan.sample_frames), plan.statement])
    families = {}
    for family in bone_maps.load_bone_maps():
        names = sorted(
            {name.split(">")[0] for options in family.joints.values() for name in options}
        )
        found = bone_maps.detect(names)
        whole = mirror.mirror(found.mapping, names)
        families[family.id] = [
            found.mapping.family, round(found.score, 12), found.missing, found.refusal,
            {joint: dataclasses.astuple(anchor) for joint, anchor in whole.joints.items()},
        ]  # fmt: skip
    asked = request.to_dict(example_request(request))
    assert request.from_dict(asked) == example_request(request)
    failure = errors.InputError("cödé", "Nothing is there.", "Choose a clip.")
    line = messages.encode(messages.error(7, messages.ErrorNumber.REFUSED, "ü", {
        **messages.error_data(failure)
    }))  # fmt: skip
    assert messages.error_from(messages.decode(line)["error"]["data"]).code == "cödé"
    labels = [mapping.joint_label(name) for name in ("left_knee", "right_hand_index_2")]
    return {
        "retimed": retimed, "families": families, "request": asked, "line": line.decode("ascii"),
        "labels": labels, "enum": f"{messages.Method.JOB_RUN} {request.Quality.DRAFT}",
    }  # fmt: skip


def example_request(request: types.ModuleType):
    """A request in which every kind of field is set."""
    return request.JobRequest(
        id="abc",
        reference=request.Reference("/clïps/a b.mp4", request.ClipKind.VIDEO, 3, 40, 23.976),
        target=request.Target(joints="inputs/target_joints.npz"),
        settings=request.Settings(quality=request.Quality.DRAFT, person=(0.0, 10.5, 20.0)),
        about={"scene": "Scène", "versions": {"blender": [5, 2, 0]}},
    )


def write_job(folder: Path) -> str:
    """A job folder by the add-on's writer, with the skeletons of three frames; returns its name."""
    from mf_backend.contracts import request
    from motionfollower_addon.core.job.writer import JobDraft, JobWriter

    asked = example_request(request)
    joints = people(3).astype(np.float32)
    draft = JobDraft(
        folder, "shöt 1", asked.reference, asked.settings, joints, SIZE, about=asked.about
    )
    writer = JobWriter(draft)
    writer.start()
    while not writer.finished:
        time.sleep(0.01)
    return writer.take()[1].name


def main(folder: Path, tests: list[str]) -> int:
    """See the top of this file."""
    from mf_backend.contracts.files import write_json, write_npz

    modules = import_all()
    write_npz(folder / "values.npz", **skeletons(), **projections())
    about = {"python": sys.version.split()[0], "numpy": np.__version__, "modules": modules}
    write_json(folder / "words.json", {**words(), "job": write_job(folder), "about": about})
    if not tests:
        return 0
    sys.path.append(os.environ.get("MF_PYTEST", ""))
    import pytest

    return int(pytest.main(["-q", "-p", "no:cacheprovider", "-m", "not slow", *tests]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT))
    given = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    code = main(Path(given[0]), given[1:])
    if code:
        sys.exit(code)
