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

sys.path.append(str(Path(__file__).parents[1]))
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
    bpy.context.preferences.system.use_online_access = True
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "MotionFollower"
    yield 0.5
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.preferences.addon_expand(module=MODULE)
    from bl_ext.user_default.motionfollower.core.setup.installer.plan import Action
    from bl_ext.user_default.motionfollower.host.setup.backend import backend_setup, preferences

    values, setup = preferences(), backend_setup()
    values.install_folder = FOLDER
    own = os.environ.pop("MOTIONFOLLOWER_BACKEND_PYTHON")
    yield 0.5
    photograph("absent")
    os.environ["MOTIONFOLLOWER_BACKEND_PYTHON"] = own
    values.python_choice, values.python_path = "CHOSEN", PYTHON

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

    yield from see_failures(area, values, setup)
    yield from see_weights(area, values)
    yield from see_installed(area, values)


def see_failures(area: Any, values: Any, setup: Any) -> Iterator[float]:
    """A Python that does not serve; and no way into the net."""
    values.install_folder = str(Path(FOLDER).parent / "second")
    values.python_path = str(Path(FOLDER) / "no python here")
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.install_backend("INVOKE_DEFAULT")
    stop = time.monotonic() + 60
    while setup.working:
        assert time.monotonic() < stop, "the installer did not see that Python is missing"
        yield 0.1
    NOTES["failed"] = str(setup.process.status.error)
    values.show_choices = True
    photograph("failed")
    values.show_choices = False
    bpy.context.preferences.system.use_online_access = False
    NOTES["offline"] = not bpy.app.online_access
    photograph("offline")
    bpy.context.preferences.system.use_online_access = True


def until_idle() -> Iterator[float]:
    """Wait for the program about weights."""
    from bl_ext.user_default.motionfollower.host.setup.weights import weights_setup

    stop = time.monotonic() + 90
    while weights_setup().working:
        assert time.monotonic() < stop, "the backend did not tell about weights"
        yield 0.1


def see_weights(area: Any, values: Any) -> Iterator[float]:
    """None, a whole set, the dialogs that ask before it is moved or deleted, and a refusal."""
    from bl_ext.user_default.motionfollower.host.setup.weights import weights_setup

    values.backend_python = BACKEND
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.check_backend()
        bpy.ops.motionfollower.weights_look()
    yield from until_idle()
    NOTES["weights"] = bool(weights_setup().facts)
    yield 0.5
    photograph("weights")

    folder = Path(FOLDER).parent / "wëights"
    tiny = [BACKEND, "-m", "mf_backend", "weights", "tiny", "--to", str(folder)]
    # The child must not find Blender's own Python.
    plain = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}
    subprocess.run(tiny, check=True, env=plain)
    values.weights, values.downloads_folder = str(folder), str(Path(FOLDER).parent)
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.weights_look()
    photograph("weights-looking")
    yield from until_idle()
    NOTES["complete"] = weights_setup().facts.get("complete")
    photograph("weights-complete")
    for name, given in (
        ("weights_move", {"target": str(Path(FOLDER).parent / "elsewhere")}),
        ("weights_delete", {}),
        ("weights_import", {"source": str(folder)}),
    ):
        window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=600, y=400)
        yield 0.2
        with bpy.context.temp_override(window=window(), area=area, region=area.regions[-1]):
            getattr(bpy.ops.motionfollower, name)("INVOKE_DEFAULT", **given)
        yield 0.3
        photograph(name.replace("_", "-"))
        for kind, value in (("ESC", "PRESS"), ("ESC", "RELEASE")):
            window().event_simulate(type=kind, value=value, x=600, y=400)
            yield 0.2
    yield from see_downloads(area)


def see_downloads(area: Any) -> Iterator[float]:
    """A hub that is not to be had; then sizes, a download, and its end, from the tests' own hub."""
    from bl_ext.user_default.motionfollower.host.setup.weights import weights_setup

    def press(name: str) -> None:
        with bpy.context.temp_override(window=window(), area=area):
            getattr(bpy.ops.motionfollower, name)()

    endpoint = os.environ["HF_ENDPOINT"]
    os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
    press("weights_sizes")
    yield from until_idle()
    NOTES["unreachable"] = str(weights_setup().task.error)
    photograph("weights-unreachable")
    os.environ["HF_ENDPOINT"] = endpoint
    press("weights_sizes")
    photograph("weights-sizing")
    yield from until_idle()
    NOTES["downloads"] = len(weights_setup().downloads)
    photograph("weights-sizes")
    press("weights_fetch")
    yield 1.0
    photograph("weights-fetching")
    yield from until_idle()
    NOTES["fetched"] = weights_setup().task.phase.name
    photograph("weights-fetched")


def see_installed(area: Any, values: Any) -> Iterator[float]:
    """All well, then a backend of another version and protocol.

    The marker is written by its own class and the environment is the tests' own, so that not
    gigabytes are installed for a picture; what the backend says comes from the backend.
    """
    from bl_ext.user_default.motionfollower.core.setup.installer.marker import Marker, list_hash
    from bl_ext.user_default.motionfollower.core.setup.installer.plan import (
        InstallPaths,
        InstallPlan,
    )
    from bl_ext.user_default.motionfollower.host.run.session import current
    from bl_ext.user_default.motionfollower.host.setup.backend import backend_setup, shipped

    from mf_backend.protocol.messages import PROTOCOL
    from mf_backend.version import VERSION

    packages, wheel = shipped()
    plan = InstallPlan("", str(packages), str(wheel), VERSION, PROTOCOL)
    paths = InstallPaths(Path(FOLDER).parent / "whole")
    paths.folder.mkdir()
    paths.environment.symlink_to(Path(BACKEND).parent.parent)
    facts: dict[str, Any] = {
        "list_hash": list_hash(plan),
        "python": "3.11",
        "torch": "2.13.0+cpu",
        "torch_note": "No NVIDIA card was found, so the MotionFollower engine uses the processor.",
    }
    Marker(True, VERSION, PROTOCOL, **facts).write(paths)
    backend_setup().process = None
    values.install_folder, values.backend_python = str(paths.folder), ""
    backend_setup().adopt()
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.motionfollower.check_backend()
    stop = time.monotonic() + 60
    while current().backend.handshake is None:
        assert time.monotonic() < stop, "the backend did not answer"
        yield 0.1
    NOTES["ready"] = backend_setup().state().name
    photograph("installed")
    with bpy.context.temp_override(window=window(), area=area, region=area.regions[-1]):
        bpy.ops.motionfollower.remove_backend("INVOKE_DEFAULT")
    yield 0.3
    photograph("remove")
    for kind, value in (("ESC", "PRESS"), ("ESC", "RELEASE")):
        window().event_simulate(type=kind, value=value, x=600, y=400)
        yield 0.2
    Marker(True, "0.0.9", PROTOCOL + 1, **facts).write(paths)
    current().close_backend()
    NOTES["mismatch"] = backend_setup().mismatch()
    photograph("mismatch")


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
