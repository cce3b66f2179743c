"""A job's folder: where its things are, and making a new one.

Standard library and the shared file helpers only: the add-on makes job folders with it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mf_backend.contracts.checks.json_text import parse_json
from mf_backend.contracts.checks.small_files import UnreadableError, read_small
from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import output_error, part_rest, write_json
from mf_backend.contracts.request import LARGEST_REQUEST, JobRequest, read_request, to_dict
from mf_backend.jobs.disk.state import JobState, write_state

_PART_NAME = re.compile(r"(\d{6,9})-(\d{6,9})")


@dataclass(frozen=True)
class FrameRange:
    """Frames `first` to `last`, both counted from 1 and both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @property
    def name(self) -> str:
        """As files and folders are named after it."""
        return f"{self.first:06d}-{self.last:06d}"

    @property
    def indices(self) -> range:
        """The same frames counted from 0."""
        return range(self.first - 1, self.last)

    def meets(self, other: FrameRange) -> bool:
        """Whether both have a frame in common."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class JobFolder:
    """Paths inside one job folder."""

    path: Path

    @property
    def noun(self) -> str:
        """What it holds, for sentences."""
        return "job"

    @property
    def request(self) -> Path:
        """What was asked; never changed."""
        return self.path / "job.json"

    @property
    def refusal(self) -> Path:
        """Why there is no job: its shot was refused when jobs were made of a list."""
        return self.path / "not_prepared.json"

    @property
    def state(self) -> Path:
        """How far it is."""
        return self.path / "state.json"

    @property
    def log(self) -> Path:
        """Everything that was said while it ran."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        """There while a process works on it (jobs.lock)."""
        return self.path / "worker.lock"

    @property
    def report(self) -> Path:
        """What was used and how long it took."""
        return self.path / "report.json"

    @property
    def inputs(self) -> Path:
        """What the work is done from."""
        return self.path / "inputs"

    @property
    def conditions(self) -> Path:
        """The conditioning folder."""
        return self.path / "work" / "conditions"

    @property
    def engine_work(self) -> Path:
        """The engine's caches and checkpoints."""
        return self.path / "work" / "engine"

    @property
    def record(self) -> Path:
        """What finished stages left, by size and hash."""
        return self.path / "work" / "record"

    @property
    def frames(self) -> Path:
        """Finished frames."""
        return self.path / "outputs" / "frames"

    @property
    def kept(self) -> Path:
        """Results that somebody changed by hand, set aside before they were made again."""
        return self.path / "outputs" / "kept"

    @property
    def mp4(self) -> Path:
        """The finished clip."""
        return self.path / "outputs" / "result.mp4"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders that are written to while the job runs, and those that they lie in."""
        work, outputs = self.conditions.parent, self.frames.parent
        return (work, self.conditions, self.engine_work, outputs, self.frames)

    def parts(self) -> list[PartFolder]:
        """Ranges of frames that somebody began to make apart, in order."""
        folder = self.path / "work" / "parts"
        try:
            names = sorted(entry.name for entry in folder.iterdir())
        except OSError:
            return []
        found = [match for name in names if (match := _PART_NAME.fullmatch(name))]
        return [PartFolder(self.path, FrameRange(int(m[1]), int(m[2]))) for m in found]

    def frame(self, index: int) -> Path:
        """Finished frame `index`, counted from 0; the files count from 1."""
        return self.frames / f"{index + 1:06d}.png"

    def relative(self, path: Path) -> str:
        """A path inside the folder as job.json and report.json write it."""
        return path.relative_to(self.path).as_posix()

    def inside(self, relative: str, what: str) -> Path:
        """The real place of a path that job.json names. Raises InputError if it leads outside."""
        parts = PurePosixPath(relative.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in relative:
            raise InputError(
                "job-invalid", f"In job.json, {what} must lie inside the job folder: {relative!r}."
            )
        return self.path.joinpath(*parts.parts)


@dataclass(frozen=True)
class PartFolder(JobFolder):
    """A job's folder for whoever makes only some of its frames: a state, a log and a lock of its
    own, so that several may work in one job's folder."""

    range: FrameRange

    @property
    def folder(self) -> Path:
        """Where the part's own things are."""
        return self.path / "work" / "parts" / self.range.name

    @property
    def state(self) -> Path:
        """See JobFolder."""
        return self.folder / "state.json"

    @property
    def log(self) -> Path:
        """See JobFolder."""
        return self.folder / "log.txt"

    @property
    def lock(self) -> Path:
        """See JobFolder."""
        return self.folder / "worker.lock"


@dataclass(frozen=True)
class FolderIdentity:
    """Which folder a job began in, however many come to have its name while it runs."""

    path: Path
    device: int
    number: int

    @staticmethod
    def of(path: Path) -> FolderIdentity:
        """The folder that is at `path` now. Raises OutputError where there is none."""
        try:
            about = path.stat()
        except OSError as error:
            raise _gone(path) from error
        return FolderIdentity(path, about.st_dev, about.st_ino)

    def check(self) -> None:
        """Raises OutputError where the folder was moved, deleted or replaced by another."""
        if FolderIdentity.of(self.path) != self:
            raise _gone(self.path)


def _gone(path: Path) -> OutputError:
    return OutputError(
        "job-folder-gone",
        f"The job's folder {path} is no longer there: it was moved or deleted while its job ran.",
        "Put it back, or start the job again from where the folder is now.",
    )


def read_job(folder: Path) -> tuple[JobFolder, JobRequest]:
    """A job folder and its request. Raises InputError where it is not valid or leads outside."""
    job = JobFolder(folder.absolute())
    refuse_links(job.path)
    if not job.request.exists():
        refuse_unprepared(job)
    return job, read_request(job.request)


def refuse_unprepared(job: JobFolder) -> None:
    """Raise InputError with the reason where a folder says why it holds no job."""
    try:
        told = parse_json(read_small(job.refusal, LARGEST_REQUEST))
        code, message, hint = str(told["code"]), str(told["message"]), str(told["hint"])
    except (UnreadableError, ValueError, TypeError, KeyError):
        return
    raise InputError(
        code,
        f"{job.path} holds no job, because its shot could not be prepared: {message}",
        hint or "Mend the shot and prepare it again.",
    )


def create_job(folder: Path, request: JobRequest) -> JobFolder:
    """Make a new job folder with job.json and a queued state.json.

    Write the inputs that the request names before or after; nothing runs until it is submitted.
    Raises OutputError if the folder already holds a job or any result, so that nothing is
    overwritten.
    """
    job = JobFolder(folder)
    taken = [path for path in (job.request, job.state, job.report, job.frames) if path.exists()]
    if taken:
        raise OutputError(
            "job-exists",
            f"{folder} already holds a job ({taken[0].name}), which is not overwritten.",
            "Choose another folder, or start the job that is there.",
        )
    try:
        job.inputs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(job.inputs, error) from error
    write_json(job.request, to_dict(request))
    write_state(job.state, JobState())
    return job


def make_folders(job: JobFolder) -> None:
    """Make the folders for results inside a job's folder, never that one itself."""
    for folder in (job.path / "work", job.conditions, job.record, job.mp4.parent):
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise output_error(folder, error) from error


def remove_leftovers(job: JobFolder) -> None:
    """Delete half-written files of ours that a killed process left in the job's own folders."""
    for folder in (job.path, job.path / "work", job.path / "outputs"):
        for where, inner, names in os.walk(folder):
            if folder == job.path:
                inner.clear()
            for name in names:
                if part_rest(name) is not None:
                    (Path(where) / name).unlink(missing_ok=True)
