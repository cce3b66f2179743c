"""Sets up the backend inside a real Blender: MODE OUT FOLDER PYTHON. Run by test_install.py."""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import ARGUMENTS

MODE, OUT, FOLDER, PYTHON = ARGUMENTS


def tools() -> Any:
    """The host side of setting up."""
    from bl_ext.user_default.motionfollower.host.setup import backend

    return backend


def begin(notes: dict[str, Any]) -> None:
    """Install until some packages are in, then cancel."""
    from bl_ext.user_default.motionfollower.core.setup.installer.plan import Action

    setup = tools().backend_setup()
    process = setup.start(Action.INSTALL)
    asked = 0.0
    while setup.tick():
        match = re.search(r"\((\d+) of \d+\)", process.status.text)
        if match and int(match[1]) >= 8 and not asked:
            setup.cancel()
            asked = time.monotonic()
        time.sleep(0.02)
    notes["seconds_to_stop"] = time.monotonic() - asked
    notes["phase"] = process.status.phase.name
    notes["words"] = str(process.status.error)


def main() -> None:
    """Do what the mode says and note how it went."""
    preferences = tools().preferences()
    preferences.install_folder = FOLDER
    preferences.python_choice = "CHOSEN"
    preferences.python_path = PYTHON
    notes: dict[str, Any] = {"online": bpy.app.online_access, "python": sys.executable}
    if MODE == "begin":
        begin(notes)
    else:
        try:
            getattr(bpy.ops.motionfollower, MODE)()
            notes["words"] = ""
        except RuntimeError as error:
            notes["words"] = str(error)
    notes["state"] = tools().backend_setup().state().name
    notes["backend_python"] = preferences.backend_python
    Path(OUT).write_text(json.dumps(notes), encoding="utf-8")


main()
