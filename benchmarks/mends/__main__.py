"""`python -m benchmarks.mends CLIP...`: damage the masks of a clip, mend them, and print both.

A clip is a folder with source_images/ and careful source_masks/, numbered alike. It is analysed,
and two layers damage three frames: a hole in the body and a stray limb. Three more mend them, drawn
as people do: over the limb, and in straight strokes along the outline, inside and outside of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import image_folder, picture_file, write_png
from mf_backend.jobs.disk.folder import JobFolder

from .running import call, export

LEAST = 0.985
"""Overlap with the careful masks that mended frames are to have."""
_STROKE = 1.0
"""Pixels by which a straight stroke of an outline may miss it."""
Mask = NDArray[np.uint8]


def overlap(mask: Mask, truth: Mask) -> float:
    """Intersection over union of what is white."""
    one, two = mask >= 128, truth >= 128
    return float((one & two).sum() / max(1, (one | two).sum()))


class Strokes:
    """Layers for one frame, from its careful mask [H, W]."""

    def __init__(self, truth: Mask) -> None:
        self._shape, self._truth = truth.shape, truth
        inside = cv2.distanceTransform((truth >= 128).astype(np.uint8), cv2.DIST_L2, 5)
        _, self._depth, _, self._middle = cv2.minMaxLoc(inside)
        self._edge = int(np.flatnonzero((truth >= 128).any(0))[0])

    def hole(self) -> Mask:
        """A disc where the body is thickest."""
        picture = np.zeros(self._shape, np.uint8)
        middle, radius = [int(v) for v in self._middle], max(2, round(0.6 * self._depth))
        cv2.circle(picture, middle, radius, 255, -1)
        return picture

    def limb(self, grow: float = 0.0) -> Mask:
        """A bar beside the actor to the picture's edge; with `grow`, wider by so many pixels."""
        picture = np.zeros(self._shape, np.uint8)
        y, half = self._middle[1], 0.25 * self._depth + grow
        right = max(8, self._edge - 6) + grow
        cv2.rectangle(picture, (0, int(y - half)), (int(right), int(y + half)), 255, -1)
        return picture

    def inside(self) -> Mask:
        """Everything within an outline of straight strokes."""
        hard = (self._truth >= 128).astype(np.uint8)
        rings, _ = cv2.findContours(hard, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        picture = np.zeros(self._shape, np.uint8)
        cv2.fillPoly(picture, [cv2.approxPolyDP(ring, _STROKE, True) for ring in rings], 255)
        return picture

    def outside(self) -> Mask:
        """Everything beyond it."""
        return np.asarray(255 - self.inside(), np.uint8)


def measure(material: Path, root: Path) -> bool:
    """Print one clip's figures; whether they are good enough."""
    clip = material / "source_images"
    masks = image_folder.scan(material / "source_masks").files
    truth = [picture_file.read_grey(path) for path in masks]
    chosen = np.linspace(0, len(truth) - 1, 5).round().astype(int)[1:4].tolist()
    strokes = {frame: Strokes(truth[frame]) for frame in chosen}

    def layers(role: str, name: str, draw: Any) -> list[object]:
        for frame, one in strokes.items():
            write_png(root / name / f"frame_{frame}.png", draw(one))
        return [f"--{role}", root / name]

    def read(job: JobFolder) -> dict[int, Mask]:
        folder = job.conditions / "source_alpha"
        return {
            index: picture_file.read_grey(folder / f"frame_{index}.png")
            for index in range(len(truth))
        }

    def worst(found: dict[int, Mask]) -> float:
        return min(overlap(found[frame], truth[frame]) for frame in chosen)

    call("analyse", clip, "--out", root / "actors")
    job = export(root, clip, "job")
    before = read(job)
    call("analyse", clip, "--out", root / "actors", *layers("cut", "hole", Strokes.hole),
         *layers("add", "limb", Strokes.limb))  # fmt: skip
    damaged = read(export(root, clip, "job"))
    files = {path: path.stat().st_mtime_ns for path in job.conditions.glob("source_*/*.png")}
    call("analyse", clip, "--out", root / "actors",
         *layers("cut", "mend limb", lambda one: one.limb(3)),
         *layers("add", "inside", Strokes.inside),
         *layers("cut", "outside", Strokes.outside))  # fmt: skip
    mended = read(export(root, clip, "job"))
    touched = {int(path.stem.split("_")[1]) for path, when in files.items()
               if path.stat().st_mtime_ns != when}  # fmt: skip
    print(
        f"{material.name}: frames {chosen}, worst overlap as found {worst(before):.3f}, damaged "
        f"{worst(damaged):.3f}, mended {worst(mended):.3f}; frames written again: {sorted(touched)}"
    )
    return worst(mended) >= LEAST and touched == set(chosen)


def main() -> int:
    """0 where all clips reach LEAST and nothing but their mended frames was written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mends", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    good = []
    for material in parser.parse_args().clips:
        with tempfile.TemporaryDirectory() as folder:
            good.append(measure(material.absolute(), Path(folder)))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
