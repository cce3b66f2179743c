"""Jobs where memory, rights or the disk are short: one sentence, the right exit code, no signal."""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import backend, edit_request, make_job, write_clip

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits and rights as Linux has them")


def limited(mebibytes: int) -> Callable[[], None]:
    """To be called in a child: no more address space than that."""
    import resource

    size = mebibytes << 20
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


@linux
@pytest.mark.parametrize(
    ("kind", "mebibytes"),
    [
        *(("given", size) for size in (150, 200, 320, 450)),
        *(("estimated", size) for size in (600, 800, 1000)),
        *(("diffusion", size) for size in (300, 600)),
    ],
)
def test_too_little_address_space_is_said_before_work(
    odd_path: Path, kind: str, mebibytes: int
) -> None:
    settings: dict[str, Any] = {
        "given": {},
        "estimated": {"source_joints": "", "source_masks": ""},
        "diffusion": {"engine": "motionfollower", "device": "cpu"},
    }[kind]
    job = make_job(odd_path, count=2, **settings)
    ran = backend("run", str(job.path), "--json", preexec_fn=limited(mebibytes))
    assert ran.returncode == 4, (ran.returncode, ran.stderr)
    assert json.loads(ran.stdout)["error"]["code"] == "memory"
    assert f"{mebibytes} MiB of address space" in ran.stderr and "Traceback" not in ran.stderr


@linux
@pytest.mark.parametrize(("kind", "mebibytes"), [("given", 40), ("given", 100), ("joints", 400)])
def test_too_little_data_is_said_before_work(odd_path: Path, kind: str, mebibytes: int) -> None:
    import resource

    size = mebibytes << 20
    job = make_job(odd_path, count=2, **({} if kind == "given" else {"source_joints": ""}))
    ran = backend(
        "run",
        str(job.path),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (size, size)),
    )
    assert ran.returncode == 4, (ran.returncode, ran.stderr)
    assert f"{mebibytes} MiB of data" in ran.stderr and "ulimit -d" in ran.stderr


@linux
def test_enough_address_space_is_enough(odd_path: Path) -> None:
    job = make_job(odd_path, count=2)
    ran = backend("run", str(job.path), preexec_fn=limited(720))
    assert ran.returncode == 0, ran.stderr


@linux
@pytest.mark.parametrize("command", ["serve", "evaluate"])
def test_commands_say_that_they_cannot_begin(command: str) -> None:
    ran = backend(command, "--help", preexec_fn=limited(200))
    assert ran.returncode == 0
    ran = backend(command, preexec_fn=limited(120))
    assert ran.returncode == 4 and "address space" in ran.stderr


def without_rights() -> None:
    """To be called in a child: root's right to pass over what files allow is given up."""
    if os.geteuid() != 0:
        return
    drop, passing_over, reading = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    libc = ctypes.CDLL(None)
    for right in (passing_over, reading):
        if libc.prctl(drop, right, 0, 0, 0) != 0:
            os._exit(77)


def closed(name: str) -> Callable[[JobFolder, Path], Path]:
    """What is closed to everybody: a path under the material."""
    return lambda job, material: material / name


@linux
@pytest.mark.parametrize(
    ("place", "mode", "code", "words"),
    [
        (closed("clip"), 0, 2, "clip cannot be read: Permission denied"),
        (closed("clip/frame_0001.png"), 0, 2, "frame_0001.png may not be read"),
        (closed("masks"), 0, 2, "masks cannot be read: Permission denied"),
        (closed("masks/frame_0001.png"), 0, 2, "frame_0001.png may not be read"),
        (closed("joints.npz"), 0, 2, "joints.npz may not be read"),
        (closed("."), 0, 2, "may not be read"),
        (lambda job, material: job.path, 0, 2, "cannot be read: Permission denied"),
        (lambda job, material: job.path, 0o555, 6, "could not be written: Permission denied"),
        (lambda job, material: job.frames, 0o555, 6, "could not be written: Permission denied"),
    ],
)
def test_what_may_not_be_read_or_written(
    odd_path: Path,
    place: Callable[[JobFolder, Path], Path],
    mode: int,
    code: int,
    words: str,
) -> None:
    job = make_job(odd_path, count=2)
    target = place(job, odd_path / "material 2")
    if not target.exists():
        target.mkdir(parents=True)
    before = target.stat().st_mode
    target.chmod(mode)
    try:
        ran = backend("run", str(job.path), preexec_fn=without_rights)
    finally:
        target.chmod(before)
    if ran.returncode == 77:
        pytest.skip("root's rights cannot be given up here")
    assert ran.returncode == code, ran.stderr
    assert words in ran.stderr and "Traceback" not in ran.stderr
    assert not job.log.exists() or "Traceback" not in job.log.read_text("utf-8")


@linux
@pytest.mark.parametrize("name", ["x" * 300, "y" * 5000])
@pytest.mark.parametrize("field", ["reference__path", "settings__source_masks"])
def test_names_too_long(odd_path: Path, name: str, field: str) -> None:
    job = make_job(odd_path, count=2)
    edit_request(job, **{field: str(odd_path / name)})
    ran = backend("run", str(job.path))
    assert ran.returncode == 2, ran.stderr
    assert "whose names have at most 255" in ran.stderr and "Traceback" not in ran.stderr


@linux
@pytest.mark.parametrize("damaged", [False, True])
def test_names_that_are_not_utf8(odd_path: Path, damaged: bool) -> None:
    """Whole jobs with them: hashes, report, log and messages hold such names."""
    job = make_job(odd_path, count=2)
    material = odd_path / os.fsdecode(b"cl\xefp \xe4")
    write_clip(material, 2, (96, 128))
    for index in range(2):
        picture = material / "clip" / f"frame_{index:04d}.png"
        picture.rename(material / "clip" / os.fsdecode(b"f\xe4_%d.png" % index))
    edit_request(job, reference__path=str(material / "clip"))
    if damaged:
        (material / "clip" / os.fsdecode(b"f\xe4_1.png")).write_bytes(b"no picture")
    ran = backend("run", str(job.path), "--json")
    assert ran.returncode == (2 if damaged else 0), ran.stderr
    told = json.loads(ran.stdout)
    if damaged:
        assert "f\udce4_1.png" in told["error"]["message"]
    else:
        assert json.loads(job.report.read_text("utf-8"))["reference"]["path"].endswith("clip")
