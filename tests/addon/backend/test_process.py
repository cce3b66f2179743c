"""The backend as a child: started clean, ended with its parent, noticed when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mf_backend.contracts.errors import CancelledError, MissingComponentError
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import read_state
from motionfollower_addon.core.backend.client import BackendClient, clip_facts
from motionfollower_addon.core.backend.process import (
    BackendProcess,
    clean_environment,
    new_log,
    require_python,
)
from motionfollower_addon.core.backend.state import BackendState, JobPhase
from tests.backend.tiny_job import make_job, write_clip

pytestmark = pytest.mark.once("a backend and its client, without Blender")


def wait(client: BackendClient, until: Callable[[], bool], seconds: float = 60) -> None:
    """Poll until something is so."""
    stop = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < stop, "nothing happened in time"
        client.poll()
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process still runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def client(odd_path: Path) -> Iterator[BackendClient]:
    """A client of a real backend."""
    process = BackendProcess(Path(sys.executable), new_log(odd_path / "lögs"))
    client = BackendClient(process, "tests")
    yield client
    client.close()


def test_handshake_tells_what_the_backend_is(client: BackendClient) -> None:
    assert client.state is BackendState.STARTING
    wait(client, lambda: client.state is not BackendState.STARTING)

    assert client.state is BackendState.READY
    said = client.handshake
    assert said is not None
    assert said.engine_missing("preview") is None
    assert "no engine" in (said.engine_missing("nonsense") or "")
    assert said.memory["total_bytes"] > 0


def test_probe_and_its_error(client: BackendClient, odd_path: Path) -> None:
    write_clip(odd_path / "m", 3, (40, 30))
    good, bad = client.probe(odd_path / "m/clip", 12), client.probe(odd_path / "nothing")

    wait(client, lambda: good.here and bad.here)

    facts = clip_facts(good)
    assert (facts.width, facts.height, facts.count, facts.fps) == (40, 30, 3, 12)
    with pytest.raises(Exception, match="nothing") as caught:
        clip_facts(bad)
    assert caught.value.exit_code == 2  # type: ignore[attr-defined]


def test_a_job_is_followed_to_its_end(client: BackendClient, odd_path: Path) -> None:
    job = make_job(odd_path)
    status = client.run_job("job", job.path)
    seen = set()

    def ended() -> bool:
        seen.add(status.stage)
        return status.phase.ended

    wait(client, ended)

    assert status.phase is JobPhase.DONE, status.error
    assert status.count == 6
    assert Path(status.mp4).is_file()
    assert status.overall == 1.0
    assert "render" in seen or "joints" in seen


def test_jobs_wait_in_line_and_can_be_cancelled(client: BackendClient, odd_path: Path) -> None:
    first = client.run_job("a", make_job(odd_path, "a", count=60).path)
    second = client.run_job("b", make_job(odd_path, "b", count=60).path)
    wait(client, lambda: first.phase is JobPhase.RUNNING and second.phase is JobPhase.QUEUED)
    assert second.sentence().startswith("Waiting")

    client.cancel("b")
    client.cancel("a")
    wait(client, lambda: first.phase.ended and second.phase.ended)

    assert first.phase is second.phase is JobPhase.CANCELLED
    assert isinstance(first.error, CancelledError)


def test_a_killed_backend_fails_its_jobs_with_the_log_and_a_new_one_goes_on(
    client: BackendClient, odd_path: Path
) -> None:
    job = make_job(odd_path, count=24)
    status = client.run_job("job", job.path)
    wait(client, lambda: status.frame != "")

    os.kill(client.process.pid, signal.SIGKILL)
    wait(client, lambda: status.phase.ended, 5)

    assert client.state is BackendState.FAILED
    assert status.phase is JobPhase.FAILED
    assert "stopped from outside, perhaps because memory ran out" in str(status.error)
    assert str(client.process.log) in str(status.error)
    assert client.run_job("late", job.path).phase is JobPhase.FAILED

    frame = JobFolder(job.path).frame(0)
    made = frame.stat().st_mtime_ns
    masks = read_state(job.state).stages["masks"]
    assert masks.finished
    process = BackendProcess(Path(sys.executable), new_log(odd_path / "lögs"))
    again = BackendClient(process, "tests")
    status = again.run_job("job", job.path)
    wait(again, lambda: status.phase.ended)
    again.close()
    assert status.phase is JobPhase.DONE, status.error
    assert frame.stat().st_mtime_ns == made, "finished frames are kept"
    assert read_state(job.state).stages["masks"] == masks, "finished stages are kept"


def test_the_backend_ends_when_its_parent_is_killed(odd_path: Path) -> None:
    job = make_job(odd_path, count=24)
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(odd_path), str(job.path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline() or 0)
    assert alive(child)

    parent.kill()
    parent.wait()

    stop = time.monotonic() + 5
    while alive(child):
        assert time.monotonic() < stop, "the backend outlived its parent by 5 s"
        time.sleep(0.05)


_PARENT = """
import sys, time
from pathlib import Path
from motionfollower_addon.core.backend.client import BackendClient
from motionfollower_addon.core.backend.process import BackendProcess, new_log
process = BackendProcess(Path(sys.executable), new_log(Path(sys.argv[1])))
client = BackendClient(process, "tests")
status = client.run_job("job", Path(sys.argv[2]))
while status.stage != "render":
    if status.phase.ended:
        sys.exit(str(status.error))
    client.poll()
    time.sleep(0.01)
print(process.pid, flush=True)
time.sleep(60)
"""


def test_a_killed_backend_does_not_end_blender_by_a_signal(odd_path: Path) -> None:
    # Embedded as in Blender, Python leaves SIGPIPE at its default.
    script = (
        _PARENT.partition("status =")[0]
        + """
import os, signal
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
os.kill(process.pid, signal.SIGKILL)
while not process.ended:
    process.poll()
for _ in range(3):
    process.send({"jsonrpc": "2.0", "id": 1, "method": "shutdown", "params": {}})
client.poll()
client.close()
print("alive", client.state)
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(odd_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("alive")


def test_blenders_own_python_variables_stay_behind() -> None:
    kept = clean_environment(
        {"PYTHONHOME": "/x", "PYTHONPATH": "/y", "Pythonpath": "z", "HOME": "h"}
    )
    assert kept == {"HOME": "h", "PYTHONUTF8": "1", "PYTHONSAFEPATH": "1"}


def test_nothing_is_imported_from_the_folder_of_the_logs(odd_path: Path) -> None:
    """A backend is started there."""
    folder = odd_path / "logs"
    log = new_log(folder)
    for name in ("json", "argparse", "numpy", "mf_backend"):
        (folder / f"{name}.py").write_text("raise ImportError('planted')\n", "utf-8")
    client = BackendClient(BackendProcess(Path(sys.executable), log), "tests")
    try:
        wait(client, lambda: client.state is not BackendState.STARTING)
        assert client.state is BackendState.READY, log.read_text("utf-8")
    finally:
        client.close()


def test_only_the_newest_logs_are_kept(odd_path: Path) -> None:
    (odd_path / "backend-notes.log").write_text("mine")
    os.utime(odd_path / "backend-notes.log", (0, 0))
    for number in range(9):
        path = new_log(odd_path)
        path.write_text(str(number))
        os.utime(path, (number, number))
    left = sorted(path.read_text() for path in odd_path.glob("backend-*.log"))
    assert left == ["4", "5", "6", "7", "8", "mine"]


def test_a_folder_may_stand_for_its_python(odd_path: Path) -> None:
    import venv

    venv.create(odd_path / "env", with_pip=False)
    assert require_python(str(odd_path / "env"), {}).is_file()
    with pytest.raises(MissingComponentError, match="no longer at"):
        require_python(str(odd_path / "nowhere"), {})
