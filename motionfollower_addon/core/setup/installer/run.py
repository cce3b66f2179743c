"""The installer: a program of its own, started by Blender's Python. Standard library only.

Reads the plan as the first line of its input; a further line, or the input's end, cancels.
What it does, it tells as JSON lines (install_messages). Whatever breaks off, installing again
goes on from what is whole.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .child import Children, FolderLock
from .handshake import handshake
from .marker import Marker, list_hash, read_marker
from .messages import Event, Step, send
from .packages import Requirement, batches, find_faults, read_list
from .pip import Pip
from .plan import (
    GIGABYTE,
    NEEDED_BYTES,
    Action,
    InstallCancelled,
    InstallPaths,
    InstallPlan,
    InstallRefusal,
    TorchChoice,
)
from .python import ask, choose
from .torch import find_cards, offer, read_index

BATCH = 8
"""Packages that one pip call installs: what a break-off costs at most."""
_LOCK_SECONDS = 60.0


def tell(step: Step, text: str, part: float) -> None:
    """Tell how far it is."""
    send(Event.PROGRESS, step=step.name, text=text, fraction=round(step.overall(part), 4))


class Installer:
    """One run over one folder."""

    def __init__(self, plan: InstallPlan, children: Children) -> None:
        self.plan = plan
        self.paths = InstallPaths(Path(plan.folder))
        self.children = children
        self.pip = Pip(children, self.paths)
        self.wanted = read_list(Path(plan.requirements))
        self.marker = read_marker(self.paths) or Marker()

    # -- installing ---------------------------------------------------------------------------

    def install(self) -> None:
        """Bring everything into the state that the plan wants, and ask the backend."""
        if sys.platform == "darwin" and platform.machine() == "x86_64":
            raise InstallRefusal(
                "intel-mac",
                "PyTorch is no longer made for Macs with Intel processors.",
                "Use a Mac with Apple silicon, or a machine with Windows or Linux.",
            )
        self.marker = self.marker.begun(self.paths)
        self._environment()
        self._packages()
        self._torch()
        self._backend()
        for problem in self._broken_libraries():
            send(Event.WARNING, code="library", text=problem)
        self._finish()

    def _environment(self) -> None:
        tell(Step.PYTHON, Step.PYTHON.label, 0)
        if self.pip.works():
            own = ask(self.children, [str(self.paths.python)])
            if own is not None and own.version[:2] in ((3, 11), (3, 12)):
                return
        found = choose(self.children, self.plan, self.paths)
        version = ".".join(str(part) for part in found.version)
        tell(Step.ENVIRONMENT, f"Making the environment of Python {version}", 0)
        self._check_space()
        command = [found.path, "-m", "venv", "--clear", str(self.paths.environment)]
        code, lines = self.children.run(command)
        if code != 0 or not self.pip.works():
            last = lines[-1] if lines else f"code {code}"
            raise InstallRefusal(
                "environment-failed",
                f"{found.path} could not make an environment: {last}",
                "Point at another Python, or let uv bring one.",
            )
        self.marker = replace(self.marker, python=version).begun(self.paths)

    def _check_space(self) -> None:
        card = self.plan.torch is TorchChoice.AUTO and bool(find_cards())
        needed = NEEDED_BYTES["cuda" if card else "processor"]
        free = shutil.disk_usage(self.paths.folder).free
        if free < needed:
            raise InstallRefusal(
                "disk-short",
                f"The backend takes about {needed / GIGABYTE:.1f} GiB, and "
                f"{self.paths.folder} has {free / GIGABYTE:.1f} GiB left.",
                "Free some space or choose a folder on another disk.",
            )

    def _split(self) -> tuple[list[Requirement], Requirement]:
        torch = next(item for item in self.wanted if item.key == "torch")
        return [item for item in self.wanted if item.key != "torch"], torch

    def _packages(self) -> None:
        others, _ = self._split()
        tell(Step.PACKAGES, "Looking at what is there", 0)
        faults = find_faults(self.paths.packages(), others)
        names = {fault.requirement.key for fault in faults} | set(self.marker.faulty)
        lacking = [item for item in others if item.key in names]
        done = len(others) - len(lacking)
        for batch in batches(lacking, BATCH):

            def hear(text: str, done: int = done) -> None:
                tell(Step.PACKAGES, f"{text} ({done} of {len(others)})", done / len(others))

            hear(f"Fetching {batch[0].name}")
            self.pip.install(batch, hear)
            done += len(batch)
        tell(Step.PACKAGES, f"All {len(others)} packages are installed", 1)

    def _torch(self) -> None:
        others, torch = self._split()
        tell(Step.TORCH, "Looking for a graphics card", 0)
        offered = offer(self.plan.torch, find_cards(), read_index())
        fits = bool(self.marker.torch) and offered.note == self.marker.torch_note
        fits = fits and torch.key not in self.marker.faulty
        if fits and not find_faults(self.paths.packages(), [self._built(torch)]):
            return
        constraints = self.paths.folder / "constraints.txt"
        constraints.write_text("".join(f"{item}\n" for item in others), encoding="utf-8")

        def hear(text: str) -> None:
            tell(Step.TORCH, text, 0.1)

        version, note = self.pip.install_torch(torch, offered, constraints, hear)
        self.marker = replace(self.marker, torch=version, torch_note=note).begun(self.paths)
        if note != offered.note or not offered.builds[0].name.startswith("cu"):
            send(Event.WARNING, code="torch-build", text=note)

    def _built(self, torch: Requirement) -> Requirement:
        return Requirement(torch.name, self.marker.torch or torch.version)

    def _backend(self) -> None:
        tell(Step.BACKEND, Step.BACKEND.label, 0)
        self.pip.install_wheel(Path(self.plan.wheel), lambda text: None)

    # -- looking ------------------------------------------------------------------------------

    def verify(self) -> None:
        """Compare every file with its package's record and ask the backend.

        Only the marker changes: it becomes incomplete where something is wrong.
        """
        wanted = [item if item.key != "torch" else self._built(item) for item in self.wanted]
        wanted.append(Requirement("mf_backend", self.plan.version))
        done = 0

        def seen(requirement: Requirement) -> None:
            nonlocal done
            self.children.check()
            done += 1
            tell(Step.CHECK, f"Reading {requirement.name}", done / len(wanted))

        faults = find_faults(self.paths.packages(), wanted, read_files=True, seen=seen)
        if faults:
            names = tuple(fault.requirement.key for fault in faults)
            self.marker = replace(self.marker, faulty=names).begun(self.paths)
            for fault in faults:
                self.children.note(f"{fault.requirement.name} {fault.problem}")
            first = faults[0]
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            raise InstallRefusal(
                "environment-damaged",
                f"{first.requirement.name} {first.problem}{more}.",
                "Repair the installation.",
            )
        problems = self._broken_libraries()
        if problems:
            self.marker.begun(self.paths)
            raise InstallRefusal("library-broken", problems[0], "Then verify again.")
        self._finish()

    def _finish(self) -> None:
        tell(Step.HANDSHAKE, Step.HANDSHAKE.label, 0)
        said = handshake(self.children, self.paths.python, self.plan.version, self.plan.protocol)
        devices = tuple(f"{item.get('id')}: {item.get('name')}" for item in said["devices"])
        self.marker = replace(
            self.marker,
            complete=True,
            version=self.plan.version,
            protocol=self.plan.protocol,
            list_hash=list_hash(self.plan),
            devices=devices,
            faulty=(),
        )
        self.marker.write(self.paths)

    # -- trying the libraries -----------------------------------------------------------------

    def _broken_libraries(self) -> list[str]:
        """What the doctor would have mended: mostly system libraries that Linux lacks."""
        tell(Step.LIBRARIES, "Starting each library once", 0)
        command = [str(self.paths.python), "-m", "mf_backend", "doctor", "--json"]
        _, lines = self.children.run(command, quiet=True, stderr=subprocess.DEVNULL)
        try:
            problems = json.loads("\n".join(lines))["problems"]
        except (ValueError, KeyError, TypeError):
            return ["The backend's doctor did not answer."]
        for problem in problems:
            self.children.note(f"doctor: {problem}")
        return [str(problem) for problem in problems]


def prepare(plan: InstallPlan) -> InstallPaths:
    """The folder, made where it is missing. Raises InstallRefusal where it may not be used."""
    folder = Path(plan.folder)
    paths = InstallPaths(folder)
    if not folder.is_absolute():
        raise InstallRefusal("folder-unset", "No folder is chosen.", "Choose an empty folder.")
    for path in (plan.requirements, plan.wheel):
        if not Path(path).is_file():
            raise InstallRefusal(
                "add-on-incomplete", f"{path} is missing.", "Install the add-on from its zip."
            )
    ours = paths.marker.exists()
    if plan.action is Action.VERIFY and not ours:
        raise InstallRefusal("not-installed", f"No backend is in {folder}.", "Install it first.")
    try:
        if folder.is_dir() and not ours and any(folder.iterdir()):
            raise InstallRefusal(
                "folder-used",
                f"{folder} holds other files.",
                "Choose a new or an empty folder for the backend.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        if not ours:
            Marker().write(paths)
        paths.log.touch()
    except OSError as error:
        raise InstallRefusal(
            "folder-not-writable",
            f"{folder} cannot be used: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        ) from error
    return paths


def work(plan: InstallPlan, cancelled: threading.Event) -> None:
    """Carry a plan out and tell how it ended."""
    begin = time.monotonic()
    paths = prepare(plan)
    lock = FolderLock(paths.lock)
    try:
        lock.take(_LOCK_SECONDS, cancelled)
        children = Children(paths.log, cancelled, lock.number)
        children.note(f"-- {time.strftime('%Y-%m-%d %H:%M:%S')} {plan.to_json()}")
        installer = Installer(plan, children)
        try:
            if plan.action is Action.INSTALL:
                installer.install()
            else:
                installer.verify()
        except InstallRefusal as refusal:
            children.note(f"{refusal.code}: {refusal.message}")
            raise
        except OSError as error:
            children.note(f"{type(error).__name__}: {error}")
            raise InstallRefusal(
                "install-disk",
                f"{error.filename or paths.folder} could not be written: "
                f"{error.strerror or error}.",
                "Free some space or mend the rights; installing goes on where it was.",
            ) from error
    finally:
        lock.close()
    marker = installer.marker
    send(
        Event.DONE,
        python=marker.python,
        torch=marker.torch,
        torch_note=marker.torch_note,
        devices=list(marker.devices),
        seconds=round(time.monotonic() - begin, 1),
    )


def main() -> int:
    """Read the plan, do it, end with the exit code that the command lines share."""
    cancelled = threading.Event()

    def listen() -> None:
        sys.stdin.readline()  # a line or the end: both mean to stop
        cancelled.set()

    try:
        plan = InstallPlan.from_json(sys.stdin.readline())
    except (ValueError, TypeError) as error:
        send(Event.FAILED, code="plan", message=f"The plan cannot be read: {error}", hint="")
        return 2
    threading.Thread(target=listen, daemon=True).start()
    try:
        work(plan, cancelled)
    except InstallCancelled:
        send(Event.CANCELLED)
        return 5
    except InstallRefusal as refusal:
        values: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
        send(Event.FAILED, hint=refusal.hint, **values)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
