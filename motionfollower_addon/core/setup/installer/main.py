"""Where the installer starts: run by path with Blender's own Python, outside Blender.

The add-on's package cannot be imported there, as it needs bpy; `core` alone can.
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    sys.dont_write_bytecode = True
    runpy.run_module("core.setup.installer.run", run_name="__main__", alter_sys=True)
