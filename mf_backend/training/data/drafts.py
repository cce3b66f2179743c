"""Drafts: what the preview engine makes of one take's clip in the other take's motion.

A denoising that starts from the preview is to mend just these pictures, so the networks learn from
them beside noise. They lie in the take whose motion they show, DATA/SHOT/TAKE/preview/000001.png.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import open_clip, reference_for, write_png
from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import read_grey
from mf_backend.contracts.conditions import JOINTS, POSITIONS, Conditions
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import part_name
from mf_backend.contracts.progress import NullReporter, Reporter
from mf_backend.contracts.request import Settings
from mf_backend.engines.base import EngineJob
from mf_backend.engines.preview.engine import PreviewEngine
from mf_backend.retarget.target_mask import predict_target_masks
from mf_backend.training.data.joints import read_joints
from mf_backend.training.data.shots import PREVIEW

_TAKES = ("source", "truth")
_Arrays = dict[str, NDArray[np.float32]]
_LEAST = 12
"""Of a matte's 255 that count as somebody in the hard mask."""


def make_drafts(folder: Path, reporter: Reporter) -> int:
    """Draw the drafts of every shot of two takes below `folder` that has none; how many were drawn.

    Broken off, it goes on with the next shot. A shot in which the preview finds nobody is left
    without. Raises InputError where files are damaged, CancelledError, OutputError (disk full).
    """
    places = sorted(place for place in folder.iterdir() if _two_takes(place))
    wanted = [(place, take) for place in places for take in _TAKES]
    reporter.begin("drawing previews", len(wanted))
    drawn = 0
    for number, (place, take) in enumerate(wanted, start=1):
        reporter.check()
        if not (place / take / PREVIEW).is_dir():
            _draw(place, take, reporter)
            drawn += 1
        reporter.advance(number, place.name)
    return drawn


def _two_takes(place: Path) -> bool:
    return not place.name.startswith(".") and all(
        (place / take / "frames").is_dir() and (place / take / "alpha").is_dir() for take in _TAKES
    )


def _draw(place: Path, wanted: str, reporter: Reporter) -> None:
    """The draft of one take from the other's clip."""
    source = place / _TAKES[1 - _TAKES.index(wanted)]
    before, after = (
        read_joints(take / "joints.npz", {"joints": JOINTS, "positions": POSITIONS})
        for take in (source, place / wanted)
    )
    count = min(len(before["joints"]), len(after["joints"]))
    made = place / wanted / part_name()
    made.mkdir()
    with _conditions(source, before, after, count) as conditions:
        reference = reference_for(source / "frames")
        with open_clip(reference) as clip:
            job = EngineJob(clip, conditions, Settings(), conditions.folder)
            try:
                for index, picture in PreviewEngine().render(job, range(count), NullReporter()):
                    write_png(made / f"{index + 1:06d}.png", picture)
                made.rename(place / wanted / PREVIEW)
            except InputError as error:
                reporter.warn(error.code, f"{place.name} has no preview: {error.message}")
            finally:
                shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _conditions(take: Path, before: _Arrays, after: _Arrays, count: int) -> Iterator[Conditions]:
    """The true conditions of a take's clip and another motion, in a folder beside it meanwhile."""
    folder = take / part_name()
    try:
        folder.mkdir()
        mattes = [read_grey(path) for path in scan(take / "alpha").files[:count]]
        size = (mattes[0].shape[1], mattes[0].shape[0])
        for index, matte in enumerate(mattes):
            hard = np.where(matte >= _LEAST, 255, 0).astype(np.uint8)
            write_png(folder / "source_masks" / f"frame_{index}.png", hard)
            write_png(folder / "source_alpha" / f"frame_{index}.png", matte)
        masks = predict_target_masks(
            before["joints"][:count], after["joints"][:count], mattes.__getitem__, size
        )
        for index, (hard, soft) in enumerate(masks):
            write_png(folder / "target_masks" / f"frame_{index}.png", hard)
            write_png(folder / "target_alpha" / f"frame_{index}.png", soft)
        positions = after.get("positions")
        yield Conditions(
            folder,
            size,
            before["joints"][:count],
            after["joints"][:count],
            target_positions=None if positions is None else positions[:count],
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
