"""The real installer with the real list: killed, resumed, cancelled, finished, damaged, mended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.contracts.errors import CancelledError
from motionfollower_addon.core.backend.client import BackendClient
from motionfollower_addon.core.backend.process import BackendProcess, new_log
from motionfollower_addon.core.backend.state import BackendState
from motionfollower_addon.core.setup.installer.marker import SetupState, read_marker, state_of
from motionfollower_addon.core.setup.installer.plan import Action, InstallPaths, InstallPlan
from motionfollower_addon.core.setup.process import InstallProcess, TaskPhase

MakePlan = Callable[..., InstallPlan]
pytestmark = pytest.mark.once("the installer is a process of its own")
START = str(getattr(sys, "_base_executable", sys.executable))
"""Any Python starts the installer; this is not the one of an environment."""


def state(plan: InstallPlan) -> SetupState:
    """How the folder of a plan stands."""
    return state_of(plan.folder, plan.version, plan.protocol)


def follow(process: InstallProcess, until: Callable[[], bool], seconds: float = 400) -> None:
    """Listen until something is so or the installer ended."""
    stop = time.monotonic() + seconds
    while not until() and not process.status.phase.ended:
        assert time.monotonic() < stop, f"nothing happened in time: {process.status}"
        process.poll()
        time.sleep(0.02)


def finish(process: InstallProcess) -> None:
    """Listen to the end."""
    follow(process, lambda: False)


def packages_done(process: InstallProcess) -> int:
    """How many packages the installer says are in."""
    match = re.search(r"\((\d+) of \d+\)", process.status.text)
    return int(match[1]) if match else 0


@pytest.mark.slow
def test_killed_resumed_cancelled_finished_damaged_and_mended(
    make_plan: MakePlan, odd_path: Path
) -> None:
    plan = make_plan()
    paths = InstallPaths(Path(plan.folder))
    assert state(plan) is SetupState.ABSENT

    process = InstallProcess(START, plan)
    follow(process, lambda: packages_done(process) >= 16)
    assert not process.status.phase.ended, process.status
    os.kill(process.pid, signal.SIGKILL)
    finish(process)
    assert process.status.phase is TaskPhase.FAILED
    assert "kept" in str(process.status.error)
    assert state(plan) is SetupState.INCOMPLETE
    records = {path: path.stat().st_mtime_ns for path in paths.packages().glob("*/RECORD")}
    assert len(records) >= 16

    process = InstallProcess(START, plan)
    follow(process, lambda: packages_done(process) >= 32)
    assert not process.status.phase.ended, process.status
    process.cancel()
    asked = time.monotonic()
    finish(process)
    print(f"cancelled after {time.monotonic() - asked:.1f} s")
    assert time.monotonic() - asked < 5
    assert process.status.phase is TaskPhase.CANCELLED
    assert isinstance(process.status.error, CancelledError)
    assert state(plan) is SetupState.INCOMPLETE

    process = InstallProcess(START, plan)
    finish(process)
    assert process.status.phase is TaskPhase.DONE, process.status.error
    print(f"went on to the end in {process.status.seconds:.0f} s")
    assert state(plan) is SetupState.READY
    kept = [
        path
        for path, time_ns in records.items()
        if path.is_file()
        and path.stat().st_mtime_ns == time_ns  # setuptools gave way to the list's
    ]
    assert len(kept) >= 16, "what was whole is not installed again"
    marker = read_marker(paths)
    assert marker is not None and marker.torch.startswith("2.13.0")
    assert any(name.startswith("cpu") for name in marker.devices)
    assert "Successfully installed" in paths.log.read_text(encoding="utf-8")
    client = BackendClient(BackendProcess(paths.python, new_log(odd_path / "lögs")), "tests")
    stop = time.monotonic() + 60
    while client.state is BackendState.STARTING and time.monotonic() < stop:
        client.poll()
        time.sleep(0.02)
    assert client.state is BackendState.READY, client.failure
    assert client.handshake is not None and client.handshake.engine_missing("preview") is None
    client.close()

    # One letter of one file: of the same size, so that only reading finds it.
    victim = paths.packages() / "tqdm" / "utils.py"
    good = victim.read_bytes()
    victim.write_bytes(good.replace(b"import", b"ximort", 1))
    process = InstallProcess(START, make_plan(action=Action.VERIFY))
    finish(process)
    assert process.status.phase is TaskPhase.FAILED
    assert "tqdm has a changed file" in str(process.status.error)
    assert state(plan) is SetupState.INCOMPLETE

    (paths.packages() / "yaml" / "loader.py").unlink()
    process = InstallProcess(START, plan)
    finish(process)
    assert process.status.phase is TaskPhase.DONE, process.status.error
    assert victim.read_bytes() == good
    assert (paths.packages() / "yaml" / "loader.py").is_file()
    assert state(plan) is SetupState.READY
    print(f"mended in {process.status.seconds:.0f} s")
    shutil.rmtree(plan.folder)  # pytest keeps what tests leave; this would be 1.6 GB


def refused(plan: InstallPlan) -> str:
    """What the installer says to a plan that it does not carry out."""
    process = InstallProcess(START, plan)
    finish(process)
    assert process.status.phase is TaskPhase.FAILED
    assert process.status.error is not None
    return f"{process.status.error.code} {process.status.error}"


def test_a_folder_with_other_files_is_left_alone(make_plan: MakePlan, odd_path: Path) -> None:
    folder = odd_path / "phötos"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    assert "folder-used" in refused(make_plan(folder=str(folder)))
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made(make_plan: MakePlan, odd_path: Path) -> None:
    (odd_path / "file").write_text("")
    said = refused(make_plan(folder=str(odd_path / "file" / "backend")))
    assert "folder-not-writable" in said and "Choose a folder" in said


def test_verifying_nothing(make_plan: MakePlan) -> None:
    assert "not-installed" in refused(make_plan(action=Action.VERIFY))


def test_a_second_installer_waits_and_is_told(
    make_plan: MakePlan, odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from motionfollower_addon.core.setup.installer import run
    from motionfollower_addon.core.setup.installer.child import FolderLock
    from motionfollower_addon.core.setup.installer.plan import InstallRefusal

    plan = make_plan()
    paths = run.prepare(plan)
    lock = FolderLock(paths.lock)
    lock.take(1, threading.Event())
    monkeypatch.setattr(run, "_LOCK_SECONDS", 0.3)
    with pytest.raises(InstallRefusal, match="still works in"):
        run.work(plan, threading.Event())
    lock.close()


def test_a_plan_that_is_none() -> None:
    import json
    import subprocess

    main = (
        Path(sys.modules[InstallProcess.__module__].__file__ or "").parent / "installer" / "main.py"
    )
    done = subprocess.run(
        [START, "-I", str(main)], input="nonsense\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["event"] == "failed"
