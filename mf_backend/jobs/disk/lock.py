"""Holding a job folder for one worker, on this machine or on any that shares the folder.

The lock is filelock's SoftFileLease: of the libraries that need no lock of the file system (those
are missing or lie on network storage), it alone judges a lease by watching the lock file change,
so that no two clocks are compared, and frees a killed process's lock of the same machine at once.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import LeaseSettingsMismatch, SoftFileLease, Timeout

from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.errors import BusyError, CancelledError, OutputError
from mf_backend.contracts.files import output_error
from mf_backend.jobs.disk.folder import FolderIdentity, JobFolder, PartFolder
from mf_backend.jobs.disk.state import Worker, read_state

LEASE_SECONDS = 60.0
"""How long a lock may go without a sign of life before others may take it."""
BEAT_SECONDS = 10.0
"""How often its holder gives one."""
WAITING = "job-waiting"
"""Code of the warning that says for whose sign of life a run waits."""
_OURS_SECONDS = 1.0
"""How often its holder looks whether it is still his."""
_POLL_SECONDS = 0.2
_TRIES = 4
"""A lock of a living process here may be one that only looked whether the folder is free."""


@dataclass(frozen=True)
class Lease:
    """How long locks last. All who share a folder must have the same."""

    seconds: float = LEASE_SECONDS
    beat: float = BEAT_SECONDS


class Hold:
    """A lock that this process has, unless it slept so long that somebody took it."""

    def __init__(self, lock: SoftFileLease, job: JobFolder) -> None:
        self._lock = lock
        self._job = job
        self._identity = FolderIdentity.of(job.path)
        self._looked = _clocks()

    def check(self) -> None:
        """Raises BusyError where another worker has taken the job, and OutputError where its folder
        is gone; cheap enough for every step."""
        now = _clocks()
        # A machine that slept is told by the clock on the wall, a process by either.
        if all(abs(new - old) < _OURS_SECONDS for new, old in zip(now, self._looked, strict=True)):
            return
        self._looked = now
        if self._is_ours():
            return
        self._identity.check()
        # Who looks whether we live may have put the file aside for a moment.
        time.sleep(_POLL_SECONDS)
        if not self._is_ours():
            self._identity.check()
            raise BusyError(
                "job-taken",
                f"The {self._job.noun} in {self._job.path} was taken over by "
                f"{owner_words(self._lock)}, since this one gave no sign of life for more than "
                f"{LEASE_SECONDS:.0f} s.",
                "Leave it to that one; nothing more is written here.",
            )

    def _is_ours(self) -> bool:
        owner = self._lock.owner
        return owner is not None and owner.token == self._lock.token


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.time()


def owner_words(lock: SoftFileLease) -> str:
    """Who has a lock, for a sentence."""
    owner = lock.owner
    if owner is None:
        return "another process"
    return f"process {owner.pid} on {shown_host(owner.hostname)}"


def shown_host(name: str) -> str:
    """A host's name without what the library adds to tell containers apart."""
    return name.split("?pidns-")[0]


def _make_lock(folder: JobFolder, lease: Lease) -> SoftFileLease:
    return SoftFileLease(
        folder.lock, lease_duration=lease.seconds, heartbeat_interval=lease.beat, mode=0o666
    )


@contextmanager
def hold(
    job: JobFolder,
    cancelled: threading.Event | None = None,
    say: Callable[[str], None] = lambda text: None,
    lease: Lease | None = None,
) -> Iterator[Hold]:
    """Keep every other process from working on this job, on whatever machine.

    A PartFolder is held besides other parts of the job that have no frame in common with it. Where
    it cannot be told at once whether the holder lives, this waits for a sign, and says so. Raises
    BusyError while another process works on it, OutputError where nothing can be written, and
    CancelledError.
    """
    lease = lease or Lease()
    cancelled = cancelled or threading.Event()
    refuse_links(job.path)
    if isinstance(job, PartFolder):
        _make_folder(job)
    lock = _make_lock(job, lease)
    with ExitStack() as stack:
        _take(lock, job, lease, cancelled, say)
        stack.callback(_let_go, lock)
        held = Hold(lock, job)
        # Whoever comes second sees the other's lock: it is made before looking.
        for other in _in_the_way(job):
            probe = _make_lock(other, lease)
            _take(probe, other, lease, cancelled, say)
            _let_go(probe)
        yield held


def _make_folder(part: PartFolder) -> None:
    try:
        part.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(part.folder, error) from error


def _in_the_way(job: JobFolder) -> list[JobFolder]:
    """Folders with a lock that must be nobody's while this one is held."""
    parts = [part for part in job.parts() if part.lock.exists()]
    if not isinstance(job, PartFolder):
        return list(parts)
    whole = JobFolder(job.path)
    others = [part for part in parts if part != job and part.range.meets(job.range)]
    return [whole, *others] if whole.lock.exists() else list(others)


def _take(
    lock: SoftFileLease,
    job: JobFolder,
    lease: Lease,
    cancelled: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Take a lock, a dead holder's after it gave no sign of life for a whole lease."""
    ends = time.monotonic() + lease.seconds + 2 * lease.beat
    first: tuple[object, ...] | None = None
    tries = 0
    while True:
        if _try(lock, job):
            return
        tries += 1
        sign = _sign(lock, job)
        if tries == _TRIES and first is not None and not _is_here(lock):
            say(
                f"Waiting up to {lease.seconds:.0f} s to see whether {owner_words(lock)}, which "
                f"holds the {job.noun} in {job.path}, still works."
            )
        if tries >= _TRIES and (_is_here(lock) or (first is not None and sign != first)):
            raise _busy(lock, job)
        if time.monotonic() > ends:
            raise _stuck(job)
        first = sign if first is None else first
        if cancelled.wait(_POLL_SECONDS):
            raise CancelledError()


def _try(lock: SoftFileLease, job: JobFolder) -> bool:
    try:
        lock.acquire(blocking=False)
    except (Timeout, LeaseSettingsMismatch):
        return False
    except PermissionError as error:
        if not job.lock.exists():
            raise output_error(job.lock, error) from error
        return False
    except OSError as error:
        raise output_error(job.lock, error) from error
    return True


def _let_go(lock: SoftFileLease) -> None:
    """Give a lock back; where its folder is gone, so is the lock."""
    with suppress(OSError):
        lock.release()


def _sign(lock: SoftFileLease, job: JobFolder) -> tuple[object, ...]:
    """What changes with every sign of life; opening the file makes network storage look anew."""
    owner = lock.owner
    try:
        about = job.lock.lstat()
    except OSError:
        return ()
    return (owner.token if owner else None, about.st_ino, about.st_mtime_ns, about.st_ctime_ns)


def _is_here(lock: SoftFileLease) -> bool:
    """Whether the holder is a process of this machine; a dead one's lock would have been taken."""
    owner = lock.owner
    # Ours is the name that this process would write itself.
    return owner is not None and owner.hostname == _own_name()


def _own_name() -> str:
    """This machine's name, as a lock of this process would hold it."""
    try:
        with TemporaryDirectory() as folder, SoftFileLease(Path(folder, "name")) as lock:
            owner = lock.owner
    except OSError:
        owner = None
    return owner.hostname if owner is not None else socket.gethostname()


def _busy(lock: SoftFileLease, job: JobFolder) -> BusyError:
    worker = read_state(job.state).worker
    owner = lock.owner
    same = worker is not None and owner is not None and worker.process == owner.pid
    since = f" since {worker.since}" if worker is not None and same else ""
    what = f"The {job.noun} in {job.path} is"
    if isinstance(job, PartFolder):
        what = f"Frames {job.range} of the job in {job.path} are"
    return BusyError(
        "job-running",
        f"{what} already being worked on by {owner_words(lock)}{since}.",
        "Wait for it to end, or stop it first.",
    )


def _stuck(job: JobFolder) -> OutputError:
    return OutputError(
        "lock-stuck",
        f"Nobody seems to hold {job.lock}, but it cannot be taken over.",
        "Delete that file, or allow yourself to write in its folder.",
    )


def this_worker(since: str) -> Worker:
    """This process, as state.json names who works on a job."""
    return Worker(shown_host(_own_name()), os.getpid(), since)


@dataclass(frozen=True)
class Holder:
    """Who holds a job folder."""

    host: str
    process: int


def holder(job: JobFolder, now: float, lease: Lease | None = None) -> Holder | None:
    """Who works on a job, as far as can be told without waiting; None where nobody seems to.

    `now` is the time by the clock that dates files in the folder.
    """
    owner = _make_lock(job, lease or Lease()).owner
    if owner is None:
        return None
    if owner.hostname == _own_name():
        import psutil

        alive = psutil.pid_exists(owner.pid)
    else:
        try:
            alive = now - job.lock.lstat().st_mtime < (lease or Lease()).seconds
        except OSError:
            alive = False
    return Holder(shown_host(owner.hostname), owner.pid) if alive else None
