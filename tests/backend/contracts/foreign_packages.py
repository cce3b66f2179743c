"""Other people's packages that bring an engine and a mask estimator: a good one, broken ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_GOOD = '''
"""An engine that paints the actor's place red, and masks that are boxes around the joints."""

import numpy as np

from mf_backend.engines.base import MemoryNeed


class RedEngine:
    name = "red"
    label = "Red where the actor will be"
    seconds_a_frame = 0.01

    def missing(self, settings):
        return []

    def fingerprint(self, settings):
        return {"engine": self.name, "version": "1"}

    def memory_need(self, settings, size, count):
        return MemoryNeed(needed_bytes=size[0] * size[1] * count, free_bytes=None, device="cpu",
                          fits=True)

    def render(self, job, indices, reporter):
        reporter.begin("render", len(indices))
        for step, index in enumerate(indices, 1):
            frame = job.clip.read(index).copy()
            frame[job.conditions.grey("target_masks", index) > 127] = (255, 0, 0)
            yield index, frame
            reporter.advance(step)


class BoxMasks:
    name = "box"
    label = "Boxes around the joints"

    def require(self):
        """Nothing is needed."""

    def mattes(self, clip, joints, frames, device="auto"):
        width, height = clip.size
        for index in frames:
            matte = np.zeros((height, width), np.uint8)
            known = joints[index][np.isfinite(joints[index]).all(axis=-1)]
            (x0, y0), (x1, y1) = known.min(axis=0).astype(int), known.max(axis=0).astype(int)
            matte[max(0, y0 - 4) : y1 + 5, max(0, x0 - 4) : x1 + 5] = 255
            yield index, matte
'''
_BROKEN = '''
class Half:
    name = "half"
    label = "Half an engine"

    def missing(self, settings):
        return []


class Other(Half):
    """Whole, but another name than it is listed under, and it fails when it is asked."""

    name = "touchy"
    seconds_a_frame = 1.0

    def missing(self, settings):
        raise RuntimeError("do not ask")

    def fingerprint(self, settings):
        return {}

    def memory_need(self, settings, size, count):
        raise RuntimeError("do not ask")

    def render(self, job, indices, reporter):
        yield from ()
'''


def install_good(folder: Path, work: Path) -> Path:
    """Build the good package and install it into `folder`, as pip does."""
    source = work / "red package"
    source.mkdir(parents=True)
    (source / "mf_red.py").write_text(_GOOD, encoding="utf-8")
    (source / "pyproject.toml").write_text(
        """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "mf-red"
version = "1.5"

[project.entry-points."mf_backend.engines"]
red = "mf_red:RedEngine"

[project.entry-points."mf_backend.mask_estimators"]
box = "mf_red:BoxMasks"

[tool.setuptools]
py-modules = ["mf_red"]
""",
        encoding="utf-8",
    )
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--no-build-isolation", "--target", str(folder), str(source)),
        ],
        check=True,
        timeout=300,
    )
    return folder


def write_broken(folder: Path) -> Path:
    """Put packages into `folder` that nothing works of, as installations leave them."""
    (folder / "mf_broken.py").write_text(_BROKEN, encoding="utf-8")
    (folder / "mf_raises.py").write_text("raise RuntimeError('no licence found')", encoding="utf-8")
    _write_info(
        folder,
        "mf-broken",
        "[mf_backend.engines]\n"
        "absent = mf_no_such_module:Engine\n"
        "half = mf_broken:Half\n"
        "other = mf_broken:Other\n"
        "preview = mf_broken:Half\n"
        "raises = mf_raises:Engine\n"
        "touchy = mf_broken:Other\n"
        "[mf_backend.mask_estimators]\n"
        "torn = mf_broken:Half\n",
    )
    _write_info(folder, "mf-unreadable", "[mf_backend.engines]\nneither name nor module\n")
    return folder


def _write_info(folder: Path, name: str, entry_points: str) -> None:
    info = folder / f"{name.replace('-', '_')}-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
