"""The preview engine: background plate, warped actor, soft composite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.background import BackgroundPlate, Light, build_plate, kept_frames
from mf_backend.actor.plate.fill import Filler
from mf_backend.actor.plate.kept import kept_plate
from mf_backend.body.person import model_person, working_scale
from mf_backend.body.surfaces.gathering import ActorSurfaces
from mf_backend.compositing.blend import composite, hard_union, keep_near
from mf_backend.compositing.mattes import lying_over, source_matte
from mf_backend.compositing.own_plate import Plate, plate_for
from mf_backend.compositing.shade import hidden_by, shade_of
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.machine import resources
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings, Shadow
from mf_backend.contracts.tables import Missing
from mf_backend.engines.base import EngineJob, MemoryNeed
from mf_backend.engines.preview.actor import Actor
from mf_backend.engines.preview.held import Held
from mf_backend.engines.preview.unseen import warn_of_unseen

_VERSION = "17"
"""Goes up whenever the same conditions give other pixels."""
_LITTLE_SEEN = 0.5
_PROCESS_BYTES = 595_000_000
"""The process with the estimators of joints and masks: the demo's report, 512x512, peaks at 621 MB,
less what that size takes."""
_FRAMES_MEASURED = 24
_PIXEL_BYTES = 180
"""A pixel of the clip: rendering 24 frames with conditions given grows the process by 29 MB at
512x512 and by 200 MB at 1920x1080 for an actor on a sixth of the picture, and by 64 bytes a pixel
more for one who fills it (sixteen frames' colours and mattes)."""


class PreviewEngine:
    """Blocks and times a shot in seconds, with nothing downloaded."""

    name = "preview"
    label = "Preview (warped limbs, CPU)"
    seconds_a_frame = 0.4
    frames_apart = True

    def __init__(self, fill_unseen: Filler | None = None) -> None:
        """`fill_unseen` makes up the background that no frame shows, where a picture is only looked
        at and not kept; None: as for a take."""
        self._fill_unseen = fill_unseen

    def missing(self, settings: Settings) -> list[Missing]:
        """What keeps the engine from running: only OpenCV could be absent."""
        import importlib.util

        if importlib.util.find_spec("cv2") is None:
            return [
                Missing(
                    "opencv-python-headless",
                    "Install the backend's packages; `python3 dev.py test` does that.",
                )
            ]
        return []

    def fingerprint(self, settings: Settings) -> dict[str, str]:
        """What changes the frames besides the conditions."""
        return {"engine": self.name, "version": _VERSION}

    def memory_need(self, settings: Settings, size: tuple[int, int], count: int) -> MemoryNeed:
        """See Engine; of the frames only those count that the plate keeps."""
        more = max(0, kept_frames(size, count) - _FRAMES_MEASURED)
        needed = _PROCESS_BYTES + (_PIXEL_BYTES + 4 * more) * size[0] * size[1]
        free = resources.memory()["free_bytes"]
        return MemoryNeed(needed, free, "cpu", fits=free is None or needed <= free)

    def render(
        self, job: EngineJob, indices: Sequence[int], reporter: Reporter
    ) -> Iterator[tuple[int, Picture]]:
        """Yield (index, frame) for each of `indices`; every pixel outside the hard source and
        target masks and both shadows is the clip's own."""
        if not indices:
            return
        with plate_for(
            job.settings, job.clip, lambda: self._recovered_plate(job, reporter)
        ) as plate:
            yield from self._rendered(job, plate, indices, reporter)

    def _recovered_plate(self, job: EngineJob, reporter: Reporter) -> BackgroundPlate:
        """What other frames saw behind the actor."""
        # The plate from which the shadow was told has no shadow, and is kept.
        moved = job.settings.shadow is Shadow.MOVE
        light = Light.BRIGHTER if moved else Light.USUAL

        def matte(index: int) -> NDArray[np.uint8]:
            return source_matte(job.conditions, index)

        if self._fill_unseen is None:
            plate = kept_plate(job.clip, matte, reporter, job.findings, light)
        else:
            plate = build_plate(job.clip, matte, reporter, light, self._fill_unseen)
        if plate.report.seen < _LITTLE_SEEN and not job.settings.plate:
            reporter.warn(
                "plate-inpainted",
                f"Only {plate.report.seen:.0%} of the background behind the actor is seen in "
                "other frames; the rest is painted in.",
            )
        return plate

    @staticmethod
    def _rendered(
        job: EngineJob, plate: Plate, indices: Sequence[int], reporter: Reporter
    ) -> Iterator[tuple[int, Picture]]:
        conditions, clip = job.conditions, job.clip
        scale = working_scale(clip.size)
        held = Held(conditions, clip)
        model = model_person(
            conditions.source_joints,
            conditions.target_joints,
            held.bare,
            clip.size,
            scale,
            conditions.actor_size,
            job.findings,
        )
        if model is None:
            reporter.warn(
                "preview-no-actor",
                "No frame shows the actor well enough to be warped; the preview shows the empty "
                "background.",
            )
        actor = None
        if model is not None:
            size = (round(clip.size[0] * scale), round(clip.size[1] * scale))
            warn_of_unseen(model, size, reporter)
            surfaces = ActorSurfaces(
                model.scaled(1 / scale), clip.size, held.bare, clip.read,
                lambda index: lying_over(conditions, index), conditions.source_world,
            )  # fmt: skip
            actor = Actor(surfaces, conditions.target_positions)
        reporter.begin("render", len(indices))
        for step, (index, frame) in enumerate(_frames(job, indices)):
            shade = shade_of(conditions, index)
            edited = shade.onto(plate.clean(index, frame, hidden_by(conditions, index)))
            source = conditions.grey("source_masks", index)
            target = conditions.grey("target_masks", index)
            if actor is not None and model is not None:
                drawn = actor.draw(index, held.behind(index, edited, model), target)
                drawn = held.before(index, drawn, model)
                edited = keep_near(drawn, edited, source, target)
            alpha = np.maximum(hard_union(source, target), shade.alpha)
            yield index, composite(frame, edited, alpha)
            reporter.advance(step + 1)


def _frames(job: EngineJob, indices: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    """The wanted frames of the clip in order, decoded in one pass."""
    wanted = set(indices)
    if not wanted:
        return
    start = min(wanted)
    for index, frame in enumerate(job.clip.frames(start, max(wanted) + 1), start):
        if index in wanted:
            yield index, frame
