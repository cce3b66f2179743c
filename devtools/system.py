"""Finds out whether this machine has the system libraries that Blender's Python module loads."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

from devtools import say

# Shared libraries that the bpy wheel and its renderer load, and the Debian packages that hold them.
LIBRARIES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
    "libgomp.so.1": "libgomp1",
    "libEGL.so.1": "libegl1",
}
_DRIVERS = "libgl1-mesa-dri"
_PROVEN = "motionfollower-renders"

# Draws one small picture with Workbench: without EGL or a driver Blender aborts the process here.
_PROBE = """
import os, sys, tempfile
import bpy
scene = bpy.context.scene
scene.render.engine = 'BLENDER_WORKBENCH'
scene.render.resolution_x = scene.render.resolution_y = 16
scene.render.filepath = os.path.join(tempfile.mkdtemp(), 'probe.png')
bpy.ops.render.render(write_still=True)
done = os.path.getsize(scene.render.filepath) > 0
os.remove(scene.render.filepath)
os.rmdir(os.path.dirname(scene.render.filepath))
print('RENDERED' if done else 'EMPTY', flush=True)
os._exit(0)
"""


def absent_packages() -> list[str]:
    """Debian packages whose library cannot be loaded here; empty on other systems than Linux."""
    if not sys.platform.startswith("linux"):
        return []
    absent = []
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            absent.append(package)
    return absent


def install_command(packages: list[str]) -> str:
    """The command that installs Debian packages."""
    sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y {' '.join(packages)}"


def require(venv: Path, python: Path) -> None:
    """Raise say.DevError naming what Blender's module lacks here; the proof is kept in .venv."""
    absent = absent_packages()
    if absent:
        raise say.DevError(
            f"These system libraries are missing: {', '.join(absent)}. "
            f"On Debian and Ubuntu:\n    {install_command(absent)}\n"
            "Then run the same command again."
        )
    proof = venv / _PROVEN
    if proof.is_file():
        return
    with say.step("Trying Blender's renderer (some seconds the first time)"):
        tried = subprocess.run([str(python), "-c", _PROBE], capture_output=True, text=True)
    if "RENDERED" not in tried.stdout:
        told = (tried.stderr + tried.stdout).strip().splitlines()[-4:]
        raise say.DevError(
            "\n".join(told) + "\nBlender's Python module cannot draw on this machine. On Debian "
            f"and Ubuntu the software driver may be missing:\n    {install_command([_DRIVERS])}"
        )
    proof.write_text("ok\n", encoding="utf-8")
