"""Installing, mending and verifying the backend from Blender, and what the preferences show."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.protocol.messages import PROTOCOL
from mf_backend.version import VERSION

from ...core.backend.state import BackendState
from ...core.setup.installer.marker import Marker, SetupState, list_hash, read_marker, state_of
from ...core.setup.installer.plan import (
    Action,
    InstallPaths,
    InstallPlan,
    PythonChoice,
    TorchChoice,
)
from ...core.setup.process import InstallProcess, TaskPhase
from .. import compat
from ..options import PACKAGE, user_folder
from ..run.session import current

_BUSY_SECONDS = 0.1


@dataclass(frozen=True)
class InstallSettings:
    """What the preferences say about the installation."""

    folder: str
    python_choice: PythonChoice = PythonChoice.AUTO
    python: str = ""
    torch: TorchChoice = TorchChoice.AUTO


def preferences() -> Any:
    """The add-on's preferences; None where it runs without being installed."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences if addon is not None else None


def settings() -> InstallSettings:
    """The preferences as plain values."""
    found = preferences()
    default = str(user_folder("backend"))
    if found is None:
        return InstallSettings(default)
    folder = found.install_folder
    return InstallSettings(
        folder=bpy.path.abspath(folder) if folder else default,
        python_choice=PythonChoice[found.python_choice],
        python=bpy.path.abspath(found.python_path) if found.python_path else "",
        torch=TorchChoice[found.torch_choice],
    )


def shipped() -> tuple[Path, Path]:
    """The list of exact versions and the backend's wheel that came with this add-on.

    Raises InputError where the add-on does not come from its zip.
    """
    root = Path(__file__).resolve().parents[2]
    packages = root / "requirements" / "backend.txt"
    wheels = sorted((root / "wheels").glob(f"mf_backend-{VERSION}-*.whl"))
    if not packages.is_file() or not wheels:
        raise InputError(
            "add-on-incomplete",
            "This add-on does not carry its backend along.",
            "Install it from its zip (Preferences, Get Extensions, Install from Disk).",
        )
    return packages, wheels[0]


def require_online() -> None:
    """Raises InputError while Blender's online access is off: nothing is downloaded then."""
    if not bpy.app.online_access:
        raise InputError(
            "offline",
            "Blender's online access is off, so nothing is downloaded.",
            "Allow it in the preferences under System, Network.",
        )


class BackendSetup:
    """The one installation that this Blender works on, and what is known of it."""

    def __init__(self) -> None:
        self.process: InstallProcess | None = None
        self._hash = ""
        # Blender knows a timer by the very object.
        self._callback = self._timer

    # -- what is there ------------------------------------------------------------------------

    @property
    def paths(self) -> InstallPaths:
        """Where the installation lies or would lie."""
        return InstallPaths(Path(settings().folder))

    @property
    def marker(self) -> Marker | None:
        """What was installed there; None where nothing was."""
        return read_marker(self.paths)

    @property
    def working(self) -> bool:
        """Whether an installer runs."""
        return self.process is not None and not self.process.status.phase.ended

    def state(self) -> SetupState:
        """How the installation stands; cheap enough for every redraw."""
        if self.working:
            return SetupState.WORKING
        if not self._hash:
            try:
                packages, wheel = shipped()
                plan = InstallPlan("", str(packages), str(wheel), VERSION, PROTOCOL)
                self._hash = list_hash(plan)
            except InputError:
                self._hash = ""
        return state_of(settings().folder, VERSION, PROTOCOL, self._hash)

    def mismatch(self) -> str:
        """A sentence on a backend that does not fit this add-on; empty where it fits."""
        backend = current().backend
        if backend is not None and backend.state is not BackendState.STOPPED:
            failure, said = backend.failure, backend.handshake
            if failure is not None and failure.code == "backend-protocol":
                return failure.message
            if said is not None and said.backend != VERSION:
                return f"The backend is version {said.backend}, this add-on is {VERSION}."
        marker = self.marker
        if self.state() is SetupState.OTHER_VERSION and marker is not None:
            if (marker.version, marker.protocol) == (VERSION, PROTOCOL):
                return "The add-on now comes with other packages than are installed."
            return (
                f"The installed backend is {marker.version} (protocol {marker.protocol}), this "
                f"add-on needs {VERSION} (protocol {PROTOCOL})."
            )
        return ""

    # -- working ------------------------------------------------------------------------------

    def start(self, action: Action) -> InstallProcess:
        """Start the installer. Raises where it may not start; the timer listens to it."""
        if self.working:
            raise InputError("install-busy", "The installer is already at work.")
        if action is Action.INSTALL:
            require_online()
        if current().active:
            raise InputError(
                "install-jobs-run", "A job is being worked on.", "Wait for it, or cancel it first."
            )
        chosen = settings()
        packages, wheel = shipped()
        current().close_backend()  # its files could not be replaced while it runs
        plan = InstallPlan(
            folder=chosen.folder,
            requirements=str(packages),
            wheel=str(wheel),
            version=VERSION,
            protocol=PROTOCOL,
            action=action,
            python_choice=chosen.python_choice,
            python=chosen.python,
            torch=chosen.torch,
        )
        self.process = InstallProcess(sys.executable, plan)
        if not bpy.app.background and not bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.register(self._callback, persistent=True)
        return self.process

    def tick(self) -> bool:
        """Listen to the installer. Returns whether it still runs."""
        process = self.process
        if process is None or process.status.phase.ended:
            return False
        if process.poll():
            compat.redraw_panels()
        if process.status.phase is TaskPhase.DONE:
            self._use(process.plan)
        return not process.status.phase.ended

    def run(self, action: Action) -> InstallProcess:
        """For scripts: start it and wait for its end. Raises the error that it ended with."""
        process = self.start(action)
        while self.tick():
            time.sleep(_BUSY_SECONDS)
        if process.status.error is not None:
            raise process.status.error
        return process

    def _use(self, plan: InstallPlan) -> None:
        """Let the add-on work with what was installed."""
        found = preferences()
        if found is not None:
            found.backend_python = str(InstallPaths(Path(plan.folder)).python)
            bpy.context.preferences.is_dirty = True

    def _timer(self) -> float | None:
        return _BUSY_SECONDS if self.tick() else None

    def cancel(self) -> None:
        """Stop; what is installed is kept."""
        if self.process is not None:
            self.process.cancel()

    def adopt(self) -> None:
        """Use a complete installation that no preference names (Blender ended before saving)."""
        found = preferences()
        if found is not None and not found.backend_python and self.state() is SetupState.READY:
            found.backend_python = str(self.paths.python)

    def remove(self) -> None:
        """Delete the installation and nothing else. Raises InputError where none is there."""
        paths = self.paths
        if self.working or current().active:
            raise InputError("install-busy", "The backend is at work.", "Cancel that first.")
        if not paths.marker.is_file():
            raise InputError("not-installed", f"No backend of this add-on is in {paths.folder}.")
        current().close_backend()
        Marker().write(paths)  # incomplete from now on, whatever breaks off
        try:
            for folder in (paths.environment, paths.uv, paths.pythons):
                if folder.exists():
                    shutil.rmtree(folder)
            names = ("constraints.txt", "handshake-log.txt", paths.log.name, paths.lock.name)
            for name in (*names, paths.marker.name):
                (paths.folder / name).unlink(missing_ok=True)
            if not any(paths.folder.iterdir()):
                paths.folder.rmdir()
        except OSError as error:
            raise MFError(
                "remove-failed",
                f"{error.filename} could not be deleted: {error.strerror}.",
                "Close what uses it and try again.",
            ) from error
        found = preferences()
        if found is not None and Path(found.backend_python) == paths.python:
            found.backend_python = ""

    def close(self) -> None:
        """Blender or the add-on goes: the installer stops, and goes on another time."""
        if bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.unregister(self._callback)
        if self.process is not None:
            self.process.close()


class _Holder:
    """What is set up in this Blender, between register and unregister."""

    setup: BackendSetup | None = None


def backend_setup() -> BackendSetup:
    """What is set up in this Blender."""
    if _Holder.setup is None:
        _Holder.setup = BackendSetup()
    return _Holder.setup


def _adopt() -> None:
    backend_setup().adopt()


def start() -> None:
    """Called by `register`; preferences can be read only a moment later."""
    if bpy.app.background:
        return
    bpy.app.timers.register(_adopt, first_interval=0.2)


def stop() -> None:
    """Called by `unregister`."""
    if bpy.app.timers.is_registered(_adopt):
        bpy.app.timers.unregister(_adopt)
    if _Holder.setup is not None:
        _Holder.setup.close()
        _Holder.setup = None
