"""`python -m mf_backend` as a program: usage, one sentence, exit codes, JSON and nothing else."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mf_backend.cli.commands import COMMANDS
from mf_backend.contracts.failures import NO_USE
from mf_backend.contracts.files import write_npz
from mf_backend.version import VERSION
from tests.backend.tiny_job import backend, backend_environment, figure_joints, write_clip


def test_version_and_help() -> None:
    assert backend("--version").stdout == f"mf_backend {VERSION}\n"
    done = backend("--help")
    assert done.returncode == 0
    for name, line in COMMANDS.items():
        assert name in done.stdout and line in done.stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_command_has_its_own_help(name: str) -> None:
    done = backend(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: python -m mf_backend {name}")


@pytest.mark.parametrize(
    "arguments", [(), ("frobnicate",), ("run",), ("run", "a", "b"), ("doctor", "--nonsense")]
)
def test_wrong_usage_is_one_sentence_and_ends_with_2(arguments: tuple[str, ...]) -> None:
    done = backend(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    # Farm engines, which try again whatever failed, are told not to.
    more = f"{NO_USE}\n" if arguments[:1] == ("run",) else ""
    sentence = done.stderr.removesuffix(more)
    assert sentence.startswith("Error: ") and sentence.count("\n") == 1
    assert done.stderr == sentence + more
    assert "--help" in done.stderr


def test_errors_are_json_where_json_was_asked_for(odd_path: Path) -> None:
    done = backend("run", str(odd_path), "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "job-missing" and error["exit_code"] == 2
    assert str(odd_path) in error["message"]
    assert list(odd_path.iterdir()) == []


def test_a_pipe_that_closes_early_is_no_crash() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "doctor", "--quick"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=backend_environment(),
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert b"Traceback" not in process.stderr.read()
    process.wait(60)


def test_importing_what_blender_shares_loads_numpy_alone(repository: Path) -> None:
    """Blender's Python has numpy and little else; whatever the add-on imports of ours is tried."""
    sources = [p.read_text("utf-8") for p in (repository / "motionfollower_addon").rglob("*.py")]
    shared = {name for text in sources for name in re.findall(r"from (mf_backend[\w.]*)", text)}
    assert {"mf_backend.protocol.messages", "mf_backend.jobs.disk.folder"} <= shared
    script = (
        "import importlib, sys\n"
        "before = set(sys.modules)\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "new = {name: sys.modules[name] for name in set(sys.modules) - before}\n"
        # Cython's own modules inside numpy have no spec.
        "real = [name for name in new if getattr(new[name], '__spec__', None)]\n"
        "loaded = {name.split('.')[0] for name in real}\n"
        "print(*sorted(loaded - sys.stdlib_module_names))\n"
    )
    for names, loads in ((["mf_backend"], "mf_backend"), (sorted(shared), "mf_backend numpy")):
        done = subprocess.run(
            [sys.executable, "-c", script, *names],
            capture_output=True,
            text=True,
            env=backend_environment(),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == loads


def test_doctor_in_words_and_as_json(odd_path: Path) -> None:
    done = backend("doctor", "--quick", "--folder", str(odd_path / "new"))
    assert done.returncode in (0, 3)
    for word in ("Python", "Devices", "cpu", "Engines", "preview", "Models", str(odd_path)):
        assert word in done.stdout
    found = json.loads(backend("doctor", "--quick", "--json").stdout)
    assert {engine["name"] for engine in found["engines"]} == {
        "preview",
        "motionfollower",
        "sample",
    }
    assert all(disk["free_bytes"] > 0 for disk in found["disk"])
    able = any(not engine["missing"] for engine in found["engines"])
    assert done.returncode == (0 if able else 3)
    assert not (odd_path / "new").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_ctrl_c_ends_any_command_with_5(odd_path: Path) -> None:
    write_clip(odd_path, 60, (96, 128))
    joints = figure_joints(60, (96, 128), 0.9)
    write_npz(odd_path / "target.npz", target=joints, size=np.array([96, 128]))
    arguments = ["condition", "--reference", "clip", "--target-joints", "target.npz"]
    arguments += ["--out", "out", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mf_backend", *arguments],
        cwd=odd_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=backend_environment(),
        # Tests started in the background inherit an ignored Ctrl-C; a person's shell does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"joints"):
            break
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 5, errors
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert b"Traceback" not in errors
