"""Where the actor's shadow is, and where it will be: a part of the stage "target_mask".

Leaves source_shadow/ (grey, 255 where the plate is to show instead), source_shade/ (colour, the
share of the light that the plate itself lacks there) and target_shadow/ (colour, the share of the
light that the new shadow takes).
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.background import BackgroundPlate, Light, grown
from mf_backend.actor.plate.kept import plate_key, plate_of_key
from mf_backend.actor.shadow.contour import fit_outline, outlined
from mf_backend.actor.shadow.edge import cast_alike, seen_coverage
from mf_backend.actor.shadow.find import darkening, find_shadow, shadow_like
from mf_backend.actor.shadow.fit import Sample, always_dark, fit_shadow
from mf_backend.actor.shadow.model import NO_SHADOW, ShadowModel, floor_lines
from mf_backend.clip import write_png
from mf_backend.conditioning.kept_shadow import KeptShadows, Measured, kept_measure
from mf_backend.conditioning.masks_mending import FRONT
from mf_backend.conditioning.stage_files import read_mask
from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import PartOfStage, Reporter
from mf_backend.contracts.request import Shadow

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

PASSES = 2
"""Steps of progress for each frame."""
SOURCE, SHADE, TARGET = "source_shadow", "source_shade", "target_shadow"
_LONGEST_SIDE = 640
"""Shadows are found and cast at this size at most: they are soft."""
_SAMPLE_SIDE, _SAMPLES = 192, 10
"""Longer side and number of the frames on which the shadow's way is measured."""
_LEAST_FOUND = 0.001
"""Mean share of the picture that has to be in shadow for it to be a shadow."""
_STAYS = 0.35
"""Share of a shadow that has to be in the plate for it to be one that hardly moves."""
_TOLD, _APART = 0.15, 0.7
"""Share of the light from which on a shadow that was seen to move is no scrap of one; and how far
in its length the outline's way may be from its way."""
_RIM = 3
"""Pixels about the actor's matte that show the plate."""
_SMOOTH = 0.006
"""Share of the longer side over which what a plate lacks is smoothed."""
_FAINTEST_CAST = 0.012
"""Share of the light below which no shadow is cast: the clip's own pixels stay."""


def move_shadow(
    clip: FrameSource,
    out: Path,
    wanted: Shadow,
    reporter: Reporter,
    step: int,
    findings: Findings = NO_FINDINGS,
) -> dict[str, Any]:
    """Find the shadow frame by frame, measure its way, cast it from where the actor will be.

    Reads the mattes of source and target under `out`; says what was found. Progress goes on from
    `step` by `PASSES` steps for each frame.
    """
    work = _Work(clip, out)
    count = clip.count
    if wanted is Shadow.KEEP:
        for index in range(count):
            work.write(index)
            reporter.advance(step + PASSES * (index + 1), "shadow")
        return {"setting": str(wanted), "frames": 0}
    notes = PartOfStage(reporter, step, "background", count)
    key = plate_key(clip, work.matte, notes)
    plate = plate_of_key(key, clip, work.matte, notes, findings, Light.BRIGHTER)
    ours, theirs = (work.floor_lines(kind) for kind in ("source_masks", "target_masks"))
    measured = kept_measure(findings, key, ours, lambda: Measured(*work.measured(plate)))
    model, share, base = measured.model, measured.share, measured.base
    # By a camera that moves, what no throw explains may as well be the plate's own error.
    plausible = bool(model.throws) or (plate.report.steady and share > _LEAST_FOUND)
    kept = KeptShadows(findings, key, ours)

    def expected(index: int) -> Floats:
        return model.darkness(work.small(work.matte(index)), ours[index])

    def find(index: int) -> Mask:
        beyond = _beyond(expected(index), base).mean(axis=2)
        return work.found(plate, index, clip.read(index), beyond)

    frames = 0
    for index in range(count):
        shadow = shade = cast = None
        if plausible:
            target = work.small(read_mask(out, "target_alpha", index))
            cast = model.darkness(target, theirs[index])
            if model.reach:
                taken = expected(index)
                shade, cast = work.seen(index, model, taken, cast)
                shade = work.lacking(index, shade, base if plate.report.steady else taken)
                frames += bool(shade.any())
            else:
                shadow = kept.of(index, partial(find, index))
                frames += bool(shadow.any())
                cast = _beyond(cast, base)
        work.write(index, shadow, shade, cast)
        reporter.advance(step + count + index + 1, "shadow")
    return {
        "setting": str(wanted),
        "frames": frames,
        "mean_area": round(share, 5),
        **asdict(model),
    }


def _beyond(dark: Floats, base: Floats) -> Floats:
    """The share of the light [h, w, 3] that is taken beyond what the background lacks already."""
    return np.asarray(np.maximum(0, 1 - (1 - dark) / (1 - base)), np.float32)


def _spread(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Values [h, w, 3], 0 where not `known` [h, w], smoothed, and carried on a little."""
    import cv2

    sigma = _SMOOTH * max(known.shape)
    mass = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)[..., None]
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma) / np.maximum(mass, 0.02), np.float32)


def _kept_dark(
    model: ShadowModel, frames: list[tuple[Floats, float, Floats, NDArray[np.bool_]]]
) -> tuple[Floats, Floats]:
    """What a steady camera's plate lacks [h, w, 3], and what the shadow takes at most anywhere."""
    base = always_dark(model, frames)
    known = np.any([known for *_, known in frames], axis=0)
    # What the actor always hid is made up of what lies beside it, its darkness too.
    around = _spread(base * known[..., None], known)
    reached = np.max([model.darkness(whole, feet) for whole, feet, *_ in frames], axis=0)
    base = np.minimum(np.where(known[..., None], base, around), reached)
    return np.asarray(base, np.float32), np.asarray(reached, np.float32)


class _Work:
    """The clip at the size at which shadows are found."""

    def __init__(self, clip: FrameSource, out: Path) -> None:
        self._clip, self._out = clip, out
        scale = min(1.0, _LONGEST_SIDE / max(clip.size))
        self._size = (max(1, round(clip.size[0] * scale)), max(1, round(clip.size[1] * scale)))

    def matte(self, index: int) -> Mask:
        """The actor's matte [H, W]."""
        return read_mask(self._out, "source_alpha", index)

    def small(self, matte: Mask) -> Floats:
        """A matte at the working size, 0..1."""
        return np.asarray(self._resized(matte).astype(np.float32) / 255, np.float32)

    def floor_lines(self, kind: str) -> NDArray[np.float64]:
        """Rows [frames] of the working size on which the feet of some masks stand."""
        lowest = np.full(self._clip.count, np.nan)
        for index in range(self._clip.count):
            mask = self._resized(read_mask(self._out, kind, index))
            rows = np.flatnonzero((mask >= 128).sum(1) > 1)
            if rows.size:
                lowest[index] = rows[-1]
        return np.nan_to_num(floor_lines(lowest), nan=float(self._size[1]))

    def found(
        self, plate: BackgroundPlate, index: int, frame: Picture, expected: Floats | None
    ) -> Mask:
        """The actor's shadow [H, W] of one frame, 255 inside."""
        dark, person, _ = self._dark(plate, index, frame)
        shadow = find_shadow(dark, person, plate.report.steady, expected)
        return np.asarray(np.rint(self._whole(shadow) * 255), np.uint8)

    def seen(
        self, index: int, model: ShadowModel, expected: Floats, cast: Floats
    ) -> tuple[Floats, Floats]:
        """Both shares of the light [h, w, 3] that the model `expected` a frame to lack and wants to
        be `cast`, put right by what the frame shows."""
        full = np.array(model.strengths[0], np.float32)
        old, new = (np.asarray((dark / full).mean(axis=2), np.float32) for dark in (expected, cast))
        hidden = self._resized(grown(self.matte(index), _RIM).astype(np.uint8) * np.uint8(255)) > 0
        picture = self._resized(self._clip.read(index))
        told = seen_coverage(picture, old, model.strengths[0], ~hidden)
        new = cast_alike(new, old, told)
        return told[..., None] * full, new[..., None] * full

    def lacking(self, index: int, expected: Floats, base: Floats) -> Floats:
        """The share of the light [h, w, 3] that a frame lacks where its shadow is told by its
        outline: `expected`, and behind the actor `base`, what the plate lacks."""
        hidden = self._resized(grown(self.matte(index), _RIM).astype(np.uint8) * np.uint8(255)) > 0
        return np.asarray(np.where(hidden[..., None], base, expected), np.float32)

    def measured(self, plate: BackgroundPlate) -> tuple[ShadowModel, float, Floats]:
        """The shadow's way, the mean share of the picture that is in shadow, and the share of the
        light [h, w, 3] that a shadow takes in all frames, so that the background lacks it."""
        import cv2

        count = self._clip.count
        samples, outlines, areas, frames = [], [], [], []
        steady = plate.report.steady
        none = np.zeros((self._size[1], self._size[0], 3), np.float32)
        lines = self.floor_lines("source_masks")
        scale = min(1.0, _SAMPLE_SIDE / max(self._size))
        size = (round(self._size[0] * scale), round(self._size[1] * scale))
        for index in np.linspace(0, count - 1, min(count, _SAMPLES)).round().astype(int):
            frame = self._clip.read(int(index))
            dark, person, hidden = self._dark(plate, int(index), frame)
            shadow = find_shadow(dark, person, steady, None)
            areas.append(float((shadow > 0.5).mean()))
            if not (person >= 128).any():
                continue
            known = dark.known & ~hidden
            whole = person.astype(np.float32) / 255
            frames.append((whole, float(lines[index]), dark.shares, known))
            pictures = (whole, shadow_like(dark, steady), known.astype(np.float32))
            silhouette, share, shown = (
                cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures
            )
            feet = float((lines[index] + 0.5) * scale - 0.5)
            samples.append(Sample(silhouette, feet, share, shown))
            seen = cv2.resize((~hidden).astype(np.float32), size, interpolation=cv2.INTER_AREA)
            small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            outlines.append(outlined(small, silhouette, feet, seen))
        area = float(np.mean(areas)) if areas else 0.0
        model = NO_SHADOW
        darkest = max((float(sample.dark.max()) for sample in samples), default=0.0)
        if darkest > 0:
            model = fit_shadow(samples, steady)
        # Under a moving camera what was seen to move is believed without another look.
        outline = fit_outline(outlines) if steady or not model.throws else NO_SHADOW
        if outline.throws and not steady:
            return outline, area, none
        if outline.throws and steady and not _contradicts(model, outline):
            base, reached = _kept_dark(outline, frames)
            if base.sum() > _STAYS * reached.sum():
                return outline, area, base
        if not steady or model == NO_SHADOW:
            return model, area, none
        return model, area, always_dark(model, frames)

    def _dark(self, plate: BackgroundPlate, index: int, frame: Picture) -> Any:
        """Darkening, the actor's matte and where he hides the background, at the working size."""
        matte = self.matte(index)
        hidden = grown(matte, max(2, round(0.008 * max(frame.shape[:2]))))
        lit = plate.lit(index, frame, hidden)
        small_hidden = self._resized(hidden.astype(np.uint8) * np.uint8(255)) > 0
        made_up = self._resized(plate.painted(index).astype(np.uint8) * np.uint8(255)) > 0
        dark = darkening(self._resized(frame), self._resized(lit), ~small_hidden & ~made_up)
        return dark, self._resized(matte), small_hidden

    def write(
        self,
        index: int,
        shadow: Mask | None = None,
        shade: Floats | None = None,
        cast: Floats | None = None,
    ) -> None:
        """Write both shadows of a frame, and what the old one takes, at the clip's size; None for
        no shadow. `shadow` [H, W] has that size."""
        removed = np.zeros(self._clip.size[::-1], np.uint8) if shadow is None else shadow.copy()
        lacking, dark = (self._shares(shares) for shares in (shade, cast))
        if (self._out / FRONT / f"frame_{index}.png").is_file():
            # It falls behind what stands in front of the actor, which stays as it was filmed.
            before = read_mask(self._out, FRONT, index) >= 128
            removed[before], lacking[before], dark[before] = 0, 0, 0
        for kind, picture in ((SOURCE, removed), (SHADE, lacking), (TARGET, dark)):
            write_png(self._out / kind / f"frame_{index}.png", picture)

    def _shares(self, shares: Floats | None) -> NDArray[np.uint8]:
        """Shares of the light [h, w, 3] at the clip's size, 0..255; what is too faint is none."""
        width, height = self._clip.size
        if shares is None:
            return np.zeros((height, width, 3), np.uint8)
        whole = self._whole(shares)
        whole[whole.max(axis=2) < _FAINTEST_CAST] = 0
        return np.asarray(np.rint(np.clip(whole, 0, 1) * 255), np.uint8)

    def _whole(self, picture: Floats) -> Floats:
        import cv2

        whole = cv2.resize(picture, self._clip.size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(whole, np.float32)

    def _resized(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        import cv2

        if picture.shape[1::-1] == self._size:
            return picture
        return np.asarray(cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA), np.uint8)


def _contradicts(moving: ShadowModel, outline: ShadowModel) -> bool:
    """Whether the shadow that was seen to move goes plainly another way than the outline's."""
    if not moving.throws or float(np.mean(moving.strengths[0])) < _TOLD:
        return False
    seen, told = moving.throws[0], outline.throws[0]
    away = float(np.hypot(seen.along - told.along, seen.down - told.down))
    return away > _APART * max(float(np.hypot(seen.along, seen.down)), 0.5)
