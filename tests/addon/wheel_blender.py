"""Stands where `blender` stands in a farm's commands: the wheel, with the add-on switched on.

`python wheel_blender.py -b FILE --command motionfollower ...` does what Blender does with these
arguments, in a process of its own, and ends with the command's exit code.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Open the file, run the command, return its code."""
    background, file, command, name, *rest = arguments
    assert (background, command, name) == ("-b", "--command", "motionfollower"), arguments
    os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="mf-user-"))
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import bpy

    import motionfollower_addon
    from motionfollower_addon.command_line import main as run

    motionfollower_addon.register()
    bpy.ops.wm.open_mainfile(filepath=file)
    return run(rest)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # The wheel crashes while the interpreter takes it down, after all is said.
    os._exit(code)
