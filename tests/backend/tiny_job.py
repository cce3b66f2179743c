"""Small real jobs: a drawn figure before a patterned wall, with its own joints and masks given.

Nothing is estimated in them, so that they are quick; everything else is the real thing.
"""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.files import write_npz
from mf_backend.contracts.request import (
    ClipKind,
    JobRequest,
    Output,
    Reference,
    Settings,
    Target,
)
from mf_backend.jobs.disk.folder import JobFolder, create_job

REPOSITORY = Path(__file__).resolve().parents[2]


def figure_joints(count: int, size: tuple[int, int], swing: float) -> NDArray[np.float32]:
    """[count, 60, 2] joints of a figure that swings its arms and legs by `swing` radians."""
    width, height = size
    unit = height / 10
    joints = np.full((count, 60, 2), np.nan, np.float32)
    for frame in range(count):
        angle = swing * math.sin(2 * math.pi * frame / max(count, 2))
        x = width / 2 + 0.5 * unit * math.sin(2 * math.pi * frame / max(count, 2))
        body = {0: (0, 1.6), 1: (0, 2.6), 14: (-0.2, 1.4), 15: (0.2, 1.4), 16: (-0.4, 1.5)}
        body[17] = (0.4, 1.5)
        for side, first in ((-1, 2), (1, 5)):
            body[first] = (side * 0.9, 2.7)
            bend = side * 0.35 + angle
            body[first + 1] = (side * 0.9 + 1.3 * math.sin(bend), 2.7 + 1.3 * math.cos(bend))
            elbow = body[first + 1]
            body[first + 2] = (elbow[0] + 1.2 * math.sin(bend), elbow[1] + 1.2 * math.cos(bend))
            hip = 8 if side < 0 else 11
            body[hip] = (side * 0.5, 5.2)
            step = side * angle * 0.5
            body[hip + 1] = (side * 0.5 + 1.8 * math.sin(step), 5.2 + 1.8 * math.cos(step))
            knee = body[hip + 1]
            body[hip + 2] = (knee[0] + 1.8 * math.sin(step), knee[1] + 1.8 * math.cos(step))
        for joint, (dx, y) in body.items():
            joints[frame, joint] = x + dx * unit, y * unit
    return joints


_LIMBS = ((2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13), (0, 1))


def figure_mask(joints: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Mask uint8 [height, width] of the figure with joints [60, 2]."""
    width, height = size
    mask = np.zeros((height, width), np.uint8)
    thick = max(3, height // 16)
    for a, b in _LIMBS:
        start, end = (tuple(round(float(v)) for v in joints[i]) for i in (a, b))
        cv2.line(mask, start, end, 255, thick)
    torso = np.array([joints[i] for i in (2, 5, 11, 8)]).round().astype(np.int32)
    cv2.fillConvexPoly(mask, torso, 255)
    head = tuple(round(float(v)) for v in joints[0])
    cv2.circle(mask, head, max(3, height // 14), 255, -1)
    return mask


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write RGB or grey as PNG; OpenCV's own writer does not know all paths."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = picture[..., ::-1] if picture.ndim == 3 else picture
    path.write_bytes(cv2.imencode(".png", stored)[1].tobytes())


def write_clip(folder: Path, count: int, size: tuple[int, int]) -> NDArray[np.float32]:
    """Write `clip/`, `masks/` and `joints.npz` under `folder`; returns the joints."""
    width, height = size
    rng = np.random.default_rng(7)
    wall = cv2.GaussianBlur(rng.integers(0, 255, (height, width, 3), dtype=np.uint8), (0, 0), 3)
    shirt = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
    joints = figure_joints(count, size, 0.3)
    for frame in range(count):
        mask = figure_mask(joints[frame], size)
        picture = np.where(mask[..., None] > 0, shirt, wall).astype(np.uint8)
        write_picture(folder / "clip" / f"frame_{frame:04d}.png", picture)
        write_picture(folder / "masks" / f"frame_{frame:04d}.png", mask)
    write_npz(folder / "joints.npz", source=joints, size=np.array(size))
    return joints


def make_job(
    root: Path,
    name: str = "job",
    count: int = 6,
    size: tuple[int, int] = (96, 128),
    mp4: str = "",
    **settings: Any,
) -> JobFolder:
    """A job folder under `root` with its clip beside it (made once for a root)."""
    material = root / f"material {count}"
    if not (material / "joints.npz").exists():
        write_clip(material, count, size)
    request = JobRequest(
        id=name,
        reference=Reference(str(material / "clip"), ClipKind.IMAGES, fps=12.0),
        target=Target(joints="inputs/target_joints.npz"),
        settings=replace(
            Settings(
                source_joints=str(material / "joints.npz"), source_masks=str(material / "masks")
            ),
            **settings,
        ),
        output=Output(mp4=mp4),
        about={"scene": "Scëne"},
    )
    job = create_job(root / name, request)
    target = figure_joints(count, size, 0.9)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(size))
    return job


def edit_request(job: JobFolder, **changes: Any) -> None:
    """Change fields of job.json as a careless program might: section__field=value."""
    value = json.loads(job.request.read_text(encoding="utf-8"))
    for key, new in changes.items():
        section, _, field = key.partition("__")
        value[section][field] = new
    job.request.write_text(json.dumps(value), encoding="utf-8")


def backend_environment(*packages: Path) -> dict[str, str]:
    """The environment a backend is started in from Blender: no PYTHON* variables but the path.

    `packages` are folders with more packages, as if these were installed.
    """
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("PYTHON")}
    path = os.pathsep.join(str(folder) for folder in (REPOSITORY, *packages))
    return {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def backend(
    *arguments: str, timeout: float = 120, packages: Sequence[Path] = (), **options: Any
) -> Any:
    """Run `python -m mf_backend …` to its end; stdout and stderr as text."""
    return subprocess.run(
        [sys.executable, "-m", "mf_backend", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=backend_environment(*packages),
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
        **options,
    )


def printed(
    program: str, *arguments: object, packages: Sequence[Path] = (), **environment: str
) -> str:
    """What a Python program prints in a process of its own; fails unless it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=backend_environment(*packages) | environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def is_alive(pid: int) -> bool:
    """Whether a process that is not our child still runs."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def gone_after(pid: int) -> float:
    """Seconds until a process that is not our child is gone; more than 5 where it stays."""
    begun = time.monotonic()
    while is_alive(pid) and time.monotonic() - begun < 6:
        time.sleep(0.05)
    return time.monotonic() - begun


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a child that was started with a pipe for its stdout, as a crash would."""
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Backend:
    """A real `serve` process, spoken to over its pipes."""

    def __init__(self, *packages: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mf_backend", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=backend_environment(*packages),
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.errors = b""
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._out, self._err)
        ]
        for thread in self._threads:
            thread.start()
        self._number = 0

    def _out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def _err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors += line

    def write(self, data: bytes) -> None:
        """Write raw bytes to its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, method: str, **params: Any) -> int:
        """Send a request; returns its id."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.write(json.dumps(message).encode() + b"\n")
        return self._number

    def next(self, timeout: float = 60) -> dict[str, Any]:
        """The next message; fails the test where none comes or where a line is no JSON."""
        message = json.loads(self._lines.get(timeout=timeout))
        self.heard.append((time.monotonic(), message))
        return message  # type: ignore[no-any-return]

    def answer(self, number: int | None, timeout: float = 60) -> dict[str, Any]:
        """The answer to a request; notifications before it are kept in `heard`."""
        while True:
            message = self.next(timeout)
            if "method" not in message and message.get("id") == number:
                return message

    def notice(self, *methods: str, timeout: float = 60, **fields: Any) -> dict[str, Any]:
        """The params of the next notification of these names whose fields have these values."""
        while True:
            message = self.next(timeout)
            params = message.get("params", {})
            fits = all(params.get(k) == v for k, v in fields.items())
            if message.get("method") in methods and fits:
                return params  # type: ignore[no-any-return]

    def close(self) -> int:
        """Close its stdin; returns its exit code, or fails if it does not end within 5 s."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(5)
        for thread in self._threads:
            thread.join(5)
        return code
