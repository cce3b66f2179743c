"""Photographs the preferences while the backend is set up: OUT FOLDER PYTHON READY_PYTHON.

Run by test_install_window.py under Xvfb.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parent))
from loading import ARGUMENTS

OUT, FOLDER, PYTHON, BACKEND = Path(ARGUMENTS[0]), *ARGUMENTS[1:4]
MODULE = "bl_ext.user_default.motionfollower"
NOTES: dict[str, Any] = {}


def window() -> Any:
    """The one window."""
    return bpy.context.window_manager.windows[0]


def photograph(name: str) -> None:
    """Draw the window and keep a picture of it."""
    begin = time.perf_counter()
    with bpy.context.temp_override(window=window()):
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)
    NOTES.setdefault("draw_seconds", {})[name] = time.perf_counter() - begin
    subprocess.run(["import", "-window", "root", str(OUT / f"setup_{name}.png")], check=True)


def scenario() -> Iterator[float]:
    """Seconds to wait between the steps."""
    yield 2.0
    area = max(window().screen.areas, key=lambda item: item.width * item.height)
    bpy.context.preferences.view.ui_scale = 0.6
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "MotionFollower"
    yield 0.5
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.preferences.addon_expand(module=MODULE)
    from bl_ext.user_default.motionfollower.core.install_plan import Action
    from bl_ext.user_default.motionfollower.host.install import desk, preferences
    from bl_ext.user_default.motionfollower.host.install_weights import weights_desk

    values, setup = preferences(), desk()
    values.install_folder = FOLDER
    values.python_choice, values.python_path = "CHOSEN", PYTHON
    yield 0.5
    photograph("absent")

    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.install_backend("INVOKE_DEFAULT")
    process = setup.process
    assert process is not None and process.plan.action is Action.INSTALL
    stop = time.monotonic() + 180
    while "(8 of" not in process.status.text and not process.status.phase.ended:
        assert time.monotonic() < stop, process.status
        yield 0.05
    photograph("working")
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.cancel_install()
    while setup.working:
        yield 0.1
    NOTES["cancelled"] = [process.status.phase.name, setup.state().name]
    photograph("incomplete")

    values.backend_python = BACKEND
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.check_backend()
        bpy.ops.motionfollower.weights_look()
    stop = time.monotonic() + 90
    while weights_desk().working:
        assert time.monotonic() < stop, "the backend did not tell about weights"
        yield 0.1
    NOTES["weights"] = bool(weights_desk().facts)
    yield 0.5
    photograph("weights")


STEPS = scenario()


def step() -> float:
    """One step; ends Blender after the last."""
    try:
        return next(STEPS)
    except StopIteration:
        code = 0
    except BaseException:  # noqa: BLE001 - told to the test
        NOTES["error"] = traceback.format_exc()
        code = 9
    (OUT / "setup.json").write_text(json.dumps(NOTES), encoding="utf-8")
    sys.stdout.flush()
    os._exit(code)


bpy.app.timers.register(step, first_interval=0.5)
