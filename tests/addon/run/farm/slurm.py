"""A SLURM of one machine for tests: its own configuration, ports and folders, no accounts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "scontrol", "scancel", "squeue")
_CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmdUser=root
SlurmctldPort={control}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName=here NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=here Default=YES MaxTime=INFINITE State=UP
"""


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


class Slurm:
    """A running SLURM; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        missing = [name for name in PROGRAMS if shutil.which(name, path=self._path()) is None]
        if missing:
            pytest.skip(
                f"needs {', '.join(missing)} (apt-get install slurmctld slurmd slurm-client)"
            )
        if os.geteuid() != 0:
            pytest.skip("needs root: SLURM starts its tasks as the users who asked for them")
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        control, node = _free_ports()
        host = socket.gethostname().partition(".")[0]
        text = _CONFIGURATION.format(folder=folder, control=control, node=node, host=host)
        self.configuration = folder / "slurm.conf"
        self.configuration.write_text(text, encoding="utf-8")
        self._daemons: list[subprocess.Popen[bytes]] = []
        for name, *words in (("slurmctld", "-D"), ("slurmd", "-D", "-N", "here")):
            with (folder / f"{name}.log").open("wb") as log:
                program = shutil.which(name, path=self._path())
                command = [str(program), *words, "-f", str(self.configuration)]
                self._daemons.append(subprocess.Popen(command, stdout=log, stderr=log))
        self.wait_for("State=IDLE", "show", "node", "here")

    @staticmethod
    def _path() -> str:
        return os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))

    def ask(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        """Run one of SLURM's programs; what it printed. Fails the test where it fails."""
        done = self._run(program, *arguments, cwd=cwd)
        assert done.returncode == 0, f"{program} {done.returncode}: {done.stdout}{done.stderr}"
        return str(done.stdout)

    def terminate(self, job: str) -> None:
        """Send SIGTERM to a task, as when it is cancelled."""
        # It may try once more when the task has ended already, and then fails: no matter here.
        self._run("scancel", "--signal=TERM", "--batch", job)

    def _run(
        self, program: str, *arguments: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "SLURM_CONF": str(self.configuration)},
            cwd=cwd,
            check=False,
            timeout=60,
        )

    def wait_for(self, words: str, *question: str, seconds: float = 240) -> str:
        """Ask `scontrol` until its answer has these words; the answer."""
        until = time.monotonic() + seconds
        answer = ""
        while time.monotonic() < until:
            try:
                answer = self.ask("scontrol", *question)
            except AssertionError as error:
                # The controller needs a moment before it answers at all.
                answer = str(error)
            if words in answer:
                return answer
            time.sleep(0.2)
        pytest.fail(f"SLURM never said {words} to {question}:\n{answer}")

    def close(self) -> None:
        """End the tasks that a failed test left, then both daemons."""
        # Without its daemons nobody would end a task's own process.
        self._run("scancel", "--quiet", "--user=root")
        until = time.monotonic() + 60
        while self._run("squeue", "--noheader").stdout.strip() and time.monotonic() < until:
            time.sleep(0.2)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
