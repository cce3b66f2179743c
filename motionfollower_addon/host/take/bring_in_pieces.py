"""A finished job becomes a take in the Sequencer, in pieces of a few milliseconds each."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from mf_backend.clip.image_folder import scan
from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.request import Alignment, ClipKind, JobRequest
from mf_backend.jobs.disk.folder import JobFolder

from ... import ids
from ...core.disk.read_in_thread import Reading
from ...core.job.provenance import Origin
from ...core.rig.retiming import Policy
from .. import compat
from . import strips

_PIECE_SECONDS = 0.006
_TAKE, _FOOTAGE, _SOUND = "take", "footage", "sound"
_ENGINES = {
    "preview": "Preview",
    "motionfollower": "MotionFollower",
    "sample": "MotionFollower Sample",
}
_RETIMED = {
    Policy.HOLD: "last pose held",
    Policy.LOOP: "motion looped",
    Policy.STRETCH: "motion stretched",
}


@dataclass(frozen=True)
class _Result:
    """What lies in the job folder and beside its clip."""

    record: str
    """The report as one line of JSON."""
    count: int
    """Finished frames."""
    pictures: tuple[str, ...] = ()
    """File names of footage that is a folder of images and may have to be added."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the footage in pixels; zeros where the report does not say."""


def _read(job: JobFolder, request: JobRequest, origin: Origin) -> _Result:
    """Everything that the disk has to say; runs in a thread."""
    if not job.path.is_dir():
        words = f"The folder of the finished job was deleted or moved: {job.path}."
        raise InputError("job-gone", words, "Put it back there, or start again.")
    try:
        report = json.loads(job.report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MFError(
            "report-missing", f"The job in {job.path} has no readable report.", "Run it again."
        ) from None
    count = sum(1 for _ in job.frames.glob("[0-9]*.png"))
    if not count:
        raise InputError("frames-missing", f"There are no finished frames in {job.frames}.")
    pictures: tuple[str, ...] = ()
    if request.reference.kind is ClipKind.IMAGES and not origin.strip:
        path = Path(request.reference.path)
        # Footage that is in the Sequencer already needs no folder.
        pictures = tuple(file.name for file in scan(path).files) if path.is_dir() else ()
    record = json.dumps({"job": request.id, "folder": str(job.path), "report": report})
    size = (report.get("outputs") or {}).get("size") or (0, 0)
    return _Result(record, count, pictures, (int(size[0]), int(size[1])))


@dataclass(frozen=True)
class _Place:
    """Where a take belongs: over what, and from which scene frame on."""

    start: int
    above: int


class _DisturbedError(Exception):
    """What was half made is gone or in the way: begin again."""


class BringIn:
    """One result on its way in. Call `step` until it names the strip; `withdraw` where it must end.

    Until the last piece its strips are muted, locked and marked as arriving: they are no takes yet,
    and whatever comes between (undo, a save, another file) takes them out again. Strips are looked
    up anew in every piece, since anything may have happened to them meanwhile.
    """

    def __init__(
        self, job: JobFolder, request: JobRequest, origin: Origin, warnings: list[tuple[str, str]]
    ) -> None:
        """Begins to read the disk. What a person should know is added to `warnings`."""
        self._job, self._request, self._origin = job, request, origin
        self._warnings = warnings
        self._reading = Reading(lambda: _read(job, request, origin))
        self._pieces: Generator[None, None, str] | None = None
        self._scene: Any = None

    def step(self, scene: Any) -> str:
        """One piece; the strip's name once the take is there, else empty.

        The take has the start and length of the footage it was made from, one free channel up.
        The footage comes in first where no strip shows it. A job that is there already is not
        added twice. Raises what keeps it from coming.
        """
        if not self._reading.finished:
            return ""
        if self._pieces is None:
            self._pieces = self._place(self._reading.take())
        # Only good during this very piece.
        self._scene = scene
        try:
            next(self._pieces)
        except StopIteration as done:
            self._pieces = None
            return str(done.value)
        except _DisturbedError:
            self.withdraw()
        finally:
            self._scene = None
        return ""

    def run(self, scene: Any) -> Any:
        """All pieces at once; the strip."""
        self._reading.take()
        name = ""
        while not name:
            name = self.step(scene)
        return strips.find_take(scene, self._request.id)

    def withdraw(self) -> None:
        """Take out what is half made; the next step begins anew."""
        self._pieces = None
        remove_half_made(self._request.id)

    # -- the pieces ---------------------------------------------------------------------------

    def _place(self, result: _Result) -> Generator[None, None, str]:
        there = strips.find_take(self._scene, self._request.id)
        if there is not None:
            return str(there.name)
        origin = self._origin
        reference = self._reference()
        if reference is None and not origin.strip:
            yield from self._add_footage(result)
            reference = self._reference()
        place = self._where(reference)
        shown = max(1, round(result.count / origin.rate))
        last = result.count - 1
        files = [
            self._job.frame(min(last, math.floor(index * origin.rate + 1e-6))).name
            for index in range(shown)
        ]
        title = origin.title or "MotionFollower"
        yield from self._grow(_TAKE, reference, title, self._job.frames, files, place)
        yield
        strip, reference = self._need(_TAKE), self._reference()
        if self._where(reference) != place or self._in_the_way(strip):
            raise _DisturbedError
        if reference is not None:
            # Blender does more at each of these than they look like.
            with strips.keep_scene_settings(self._scene):
                strips.look_like(strip, reference)
            yield
            strip, reference = self._need(_TAKE), self._reference()
        return self._finish(strip, reference, result)

    def _add_footage(self, result: _Result) -> Generator[None, None, None]:
        """The clip into the Sequencer, its sound below it, from the scene's first frame."""
        path = Path(self._request.reference.path)
        start = self._scene.frame_start
        if self._request.reference.kind is ClipKind.IMAGES:
            if not result.pictures:
                raise InputError("clip-missing", f"The images of the footage in {path} are gone.")
            files = list(result.pictures)
            yield from self._grow(_FOOTAGE, None, path.name, path, files, _Place(start, 0))
            strips.fill_frame(self._scene, self._need(_FOOTAGE), result.size)
            return
        editor = compat.editor(self._scene)
        # The length is known only once the strip is there: it starts in an empty channel.
        bottom = strips.empty_channel(editor)
        with strips.keep_scene_settings(self._scene):
            strip = strips.add_movie(editor, path, bottom + 1, start)
            strips.fill_frame(self._scene, strip, result.size)
            self._mark(strip, _FOOTAGE)
        if not self._origin.has_audio:
            return
        yield
        footage = self._need(_FOOTAGE)
        editor = compat.editor(self._scene)
        with strips.keep_scene_settings(self._scene):
            sound, reason = strips.add_sound(
                editor, path, footage.channel - 1, compat.start(footage)
            )
        if sound is not None:
            self._mark(sound, _SOUND)
        else:
            words = f"The clip's sound could not be added: {reason}."
            self._warnings.append(("sound-left-out", words))

    def _grow(
        self, part: str, over: Any, name: str, folder: Path, files: list[str], place: _Place
    ) -> Generator[None, None, None]:
        """An image strip of `files`, one a scene frame, some at a time."""
        editor = compat.editor(self._scene)
        owner = strips.owner_of(editor, over) if over is not None else editor
        stop = place.start + len(files)
        channel = strips.free_channel(owner, place.above, place.start, stop)
        with strips.keep_scene_settings(self._scene):
            strip = strips.begin_images(owner, name, folder, files[0], channel, place.start)
        self._mark(strip, part)
        done = 1
        while done < len(files):
            yield
            elements = self._need(part).elements
            if len(elements) != done:
                raise _DisturbedError
            until = time.perf_counter() + _PIECE_SECONDS
            while done < len(files) and time.perf_counter() < until:
                elements.append(files[done])
                done += 1
        yield
        compat.reset_sizes(self._scene, self._need(part))

    def _finish(self, strip: Any, reference: Any, result: _Result) -> str:
        if reference is None:
            words = f"The strip {self._origin.strip} is no longer in the Sequencer. "
            hint = "The take lies where it was."
            self._warnings.append(("footage-gone", words + hint))
        if reference is not None:
            for effect in compat.effects_on(self._scene.sequence_editor, reference):
                words = f"The effect {effect.name} works on the footage only. "
                hint = "Choose the take as its input to have it there too."
                self._warnings.append(("effect-on-footage", words + hint))
        for part in (_FOOTAGE, _SOUND, _TAKE):
            made = self._find(part)
            if made is not None:
                del made[ids.STRIP_HALF_MADE]
                made.mute = made.lock = False
        # A copy of a scene or a strip that somebody made meanwhile.
        remove_half_made(self._request.id)
        strip[ids.STRIP_JOB] = self._request.id
        strip[ids.STRIP_PROPERTY] = result.record
        strip[ids.STRIP_SUMMARY] = describe(self._request, self._origin)
        strips.show_only(self._scene, strip)
        return str(strip.name)

    # -- looking ------------------------------------------------------------------------------

    def _mark(self, strip: Any, part: str) -> None:
        strip[ids.STRIP_HALF_MADE] = f"{self._request.id} {part}"
        strip.mute = strip.lock = True

    def _find(self, part: str) -> Any:
        wanted = f"{self._request.id} {part}"
        marked = _marked(self._scene)
        return next((strip for strip in marked if strip[ids.STRIP_HALF_MADE] == wanted), None)

    def _need(self, part: str) -> Any:
        strip = self._find(part)
        if strip is None:
            raise _DisturbedError
        return strip

    def _reference(self) -> Any:
        """The strip that shows the footage; None where it is gone."""
        found = strips.find_reference(self._scene, self._request.reference, self._origin)
        return found if found is not None else self._find(_FOOTAGE)

    def _where(self, reference: Any) -> _Place:
        if reference is None:
            return _Place(self._origin.start, self._origin.channel)
        first = self._request.reference.first / self._origin.rate
        skipped = first - compat.content_trim(reference)
        return _Place(round(compat.content_start(reference) + skipped), reference.channel)

    def _in_the_way(self, strip: Any) -> bool:
        """Whether something was put where the strip has grown to."""
        owner = strips.owner_of(self._scene.sequence_editor, strip)
        return any(
            item != strip
            and item.channel == strip.channel
            and compat.start(item) < compat.end(strip)
            and compat.end(item) > compat.start(strip)
            for item in compat.strips(owner)
        )


def _marked(scene: Any) -> Iterator[Any]:
    """Strips of a scene that are half made."""
    if scene.sequence_editor is not None:
        for strip in compat.all_strips(scene.sequence_editor):
            if strip.get(ids.STRIP_HALF_MADE) is not None:
                yield strip


def remove_half_made(job_id: str = "") -> None:
    """Remove half-made strips of one job, or all that an undo or an autosaved file brought back."""
    for scene in bpy.data.scenes:
        if scene.library is not None:
            continue
        for strip in list(_marked(scene)):
            if str(strip[ids.STRIP_HALF_MADE]).startswith(job_id):
                owner = strips.owner_of(scene.sequence_editor, strip)
                strip.lock = False
                compat.strips(owner).remove(strip)


def describe(request: JobRequest, origin: Origin) -> str:
    """The settings that made a take, in one line."""
    settings = request.settings
    words = [_ENGINES.get(settings.engine, settings.engine)]
    if settings.engine != "preview":
        words += [str(settings.quality), f"seed {settings.seed}"]
    fitted = settings.alignment is Alignment.FIT
    words.append("fitted to the actor" if fitted else "as the camera films it")
    words.append(f"{request.reference.count} frames")
    if origin.retime and origin.retime != Policy.TRIM:
        words.append(_RETIMED.get(origin.retime, origin.retime))
    return ", ".join(words)
