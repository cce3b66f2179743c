"""Setting up through the add-on's own preferences and operators, in Blender's wheel."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mf_backend.contracts.errors import InputError
from mf_backend.protocol.messages import PROTOCOL
from mf_backend.version import VERSION
from motionfollower_addon.core.setup.installer.marker import (
    Marker,
    SetupState,
    read_marker,
    state_of,
)
from motionfollower_addon.core.setup.installer.plan import Action, InstallPaths
from tests.backend.weights.test_fetch import LARGE, hub  # noqa: F401

pytest.importorskip("bpy", reason="needs Blender's wheel (pip install bpy)")

os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="mf-user-"))


@pytest.fixture(scope="module")
def addon(registered: Any) -> Iterator[Any]:
    """The preferences of the add-on, which is switched on."""
    import bpy

    entry = bpy.context.preferences.addons.new()
    entry.module = "motionfollower_addon"
    yield entry.preferences
    bpy.context.preferences.addons.remove(entry)


@pytest.fixture
def preferences(addon: Any, odd_path: Path) -> Iterator[Any]:
    """Preferences that name this environment's backend and folders of the test."""
    import bpy

    from motionfollower_addon.host.setup import weights

    addon.install_folder = str(odd_path / "bäckend")
    addon.backend_python = sys.executable
    addon.weights = str(odd_path / "wëights")
    addon.downloads_folder = ""
    addon.device = "auto"
    bpy.context.preferences.system.use_online_access = False
    yield addon
    weights.stop()
    bpy.context.preferences.system.use_online_access = False


def ops() -> Any:
    """The add-on's operators."""
    import bpy

    return bpy.ops.motionfollower


def complete(folder: Path, **changes: Any) -> InstallPaths:
    """A folder as a finished installation leaves it, without its gigabyte."""
    paths = InstallPaths(folder)
    paths.python.parent.mkdir(parents=True)
    paths.python.symlink_to(sys.executable)
    replace(Marker(True, VERSION, PROTOCOL), **changes).write(paths)
    return paths


def test_nothing_is_downloaded_while_online_access_is_off(preferences: Any, odd_path: Path) -> None:
    from motionfollower_addon.host.setup.backend import backend_setup
    from motionfollower_addon.host.setup.weights import weights_setup

    preferences.downloads_folder = str(odd_path)
    for name in ("install_backend", "weights_sizes", "weights_fetch"):
        with pytest.raises(RuntimeError, match="online access is off"):
            getattr(ops(), name)()
    for call in (
        lambda: backend_setup().start(Action.INSTALL),
        lambda: weights_setup().ask_sizes(),
        lambda: weights_setup().fetch(),
    ):
        with pytest.raises(InputError, match="online access is off"):
            call()
    assert not (odd_path / "bäckend").exists()


def test_an_add_on_without_its_wheel_says_so(preferences: Any) -> None:
    import bpy

    bpy.context.preferences.system.use_online_access = True
    with pytest.raises(RuntimeError, match="does not carry its backend"):
        ops().install_backend()


def test_fetching_needs_the_sizes_first(preferences: Any, odd_path: Path) -> None:
    import bpy

    bpy.context.preferences.system.use_online_access = True
    with pytest.raises(RuntimeError, match="Ask for the sizes first"):
        ops().weights_fetch()
    with pytest.raises(RuntimeError, match="Choose a folder for the downloads"):
        ops().weights_sizes()


def test_the_states_of_an_installation(preferences: Any, odd_path: Path) -> None:
    from motionfollower_addon.host.setup.backend import backend_setup

    assert backend_setup().state() is SetupState.ABSENT
    paths = complete(odd_path / "bäckend")
    assert backend_setup().state() is SetupState.READY
    assert backend_setup().mismatch() == ""
    marker = read_marker(paths)
    assert marker is not None

    replace(marker, version="0.0.9", protocol=PROTOCOL + 1).write(paths)
    assert backend_setup().state() is SetupState.OTHER_VERSION
    assert f"0.0.9 (protocol {PROTOCOL + 1})" in backend_setup().mismatch()
    assert f"needs {VERSION} (protocol {PROTOCOL})" in backend_setup().mismatch()

    marker.write(paths)
    assert state_of(str(paths.folder), VERSION, PROTOCOL, "other list") is SetupState.OTHER_VERSION
    marker.begun(paths)
    assert backend_setup().state() is SetupState.INCOMPLETE
    marker.write(paths)
    paths.python.unlink()
    assert backend_setup().state() is SetupState.INCOMPLETE, (
        "an environment that is gone is not complete"
    )
    paths.marker.write_text("{broken")
    assert backend_setup().state() is SetupState.INCOMPLETE


def test_removing_deletes_only_what_is_ours(preferences: Any, odd_path: Path) -> None:
    folder = odd_path / "bäckend"
    with pytest.raises(RuntimeError):
        ops().remove_backend()
    paths = complete(folder)
    (folder / "my notes.txt").write_text("mine")
    preferences.backend_python = str(paths.python)
    assert ops().remove_backend() == {"FINISHED"}
    assert [path.name for path in folder.iterdir()] == ["my notes.txt"]
    assert preferences.backend_python == ""
    assert Path(sys.executable).is_file(), "what a link points at stays"


def test_a_ready_backend_that_no_preference_names_is_used(preferences: Any, odd_path: Path) -> None:
    from motionfollower_addon.host.setup.backend import backend_setup

    paths = complete(odd_path / "bäckend")
    preferences.backend_python = ""
    backend_setup().adopt()
    assert Path(preferences.backend_python) == paths.python
    preferences.backend_python = "/chosen"
    backend_setup().adopt()
    assert preferences.backend_python == "/chosen"


def test_the_device_is_picked(preferences: Any) -> None:
    assert ops().choose_device(device="cpu") == {"FINISHED"}
    assert preferences.device == "cpu"


@pytest.mark.once("weights are the backend's")
@pytest.mark.slow
def test_weights_are_looked_for_moved_verified_and_deleted(
    preferences: Any, odd_path: Path
) -> None:
    from mf_backend.weights.tiny import make_tiny_set
    from motionfollower_addon.host.setup.weights import weights_setup

    assert ops().weights_look() == {"FINISHED"}
    assert weights_setup().facts["complete"] is False
    with pytest.raises(RuntimeError, match="holds no imported weights"):
        ops().weights_move(target=str(odd_path / "x"))

    old, new = odd_path / "wëights", odd_path / "dïsk" / "new"
    make_tiny_set(old, 0, False)
    (old / "notes.txt").write_text("mine")
    names = {path.name for path in old.iterdir()} - {"notes.txt"}
    ops().weights_look()
    assert weights_setup().facts["complete"] is True

    (odd_path / "full").mkdir()
    (odd_path / "full" / "x").write_text("")
    with pytest.raises(RuntimeError, match="holds other files"):
        ops().weights_move(target=str(odd_path / "full"))
    assert ops().weights_move(target=str(new)) == {"FINISHED"}
    assert {path.name for path in new.iterdir()} == names
    assert [path.name for path in old.iterdir()] == ["notes.txt"], "the user's own file stays"
    assert preferences.weights == str(new)

    assert ops().weights_verify() == {"FINISHED"}
    victim = next(path for path in new.iterdir() if path.suffix == ".safetensors")
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    with pytest.raises(RuntimeError, match=victim.name):
        ops().weights_verify()

    ops().weights_look()
    assert ops().weights_delete() == {"FINISHED"}
    assert not new.exists()
    with pytest.raises(RuntimeError, match=r"Look for the weights first|no imported weights"):
        ops().weights_delete()


@pytest.mark.once("weights are the backend's")
@pytest.mark.slow
def test_importing_what_is_no_weights_says_why(preferences: Any, odd_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Choose the folder"):
        ops().weights_import(source=str(odd_path / "nowhere"))
    (odd_path / "downloads").mkdir()
    with pytest.raises(RuntimeError, match="denoising_unet"):
        ops().weights_import(source=str(odd_path / "downloads"))


def other_backend(folder: Path, repository: Path, file: str, line: str, other: str) -> Path:
    """A Python whose backend is this one with one line changed."""
    import shutil
    import site
    import venv

    shutil.copytree(repository / "mf_backend", folder / "mf_backend")
    changed = folder / "mf_backend" / file
    text = changed.read_text(encoding="utf-8")
    assert line in text
    changed.write_text(text.replace(line, other), encoding="utf-8")
    venv.create(folder / "env", with_pip=False)
    packages = InstallPaths(folder)
    inside = next((folder / "env").glob("**/site-packages"))
    lines = [str(folder), *site.getsitepackages()]
    (inside / "other.pth").write_text("\n".join(lines), encoding="utf-8")
    return folder / "env" / packages.python.relative_to(packages.environment)


@pytest.mark.once("the backend and its handshake")
@pytest.mark.parametrize(
    ("file", "line", "other", "words"),
    [
        ("protocol/messages.py", f"PROTOCOL = {PROTOCOL}", "PROTOCOL = 77", ("77", str(PROTOCOL))),
        ("version.py", f'"{VERSION}"', '"0.0.7"', ("0.0.7", VERSION)),
    ],
)
def test_a_running_backend_that_does_not_fit_is_named(
    preferences: Any,
    odd_path: Path,
    repository: Path,
    file: str,
    line: str,
    other: str,
    words: tuple[str, str],
) -> None:
    import time

    from motionfollower_addon.core.backend.state import BackendState
    from motionfollower_addon.host.run.session import current
    from motionfollower_addon.host.setup.backend import backend_setup

    current().close_backend()
    preferences.backend_python = str(other_backend(odd_path, repository, file, line, other))
    assert ops().check_backend() == {"FINISHED"}
    backend = current().client()
    stop = time.monotonic() + 60
    while backend.state is BackendState.STARTING and time.monotonic() < stop:
        backend.poll()
        time.sleep(0.02)
    said = backend_setup().mismatch()
    current().close_backend()
    for word in words:
        assert word in said
    assert backend_setup().mismatch() == "", "a backend that was stopped is of no account"


@pytest.mark.once("weights are the backend's")
@pytest.mark.slow
def test_sizes_are_told_before_anything_is_fetched(
    preferences: Any,
    odd_path: Path,
    hub: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import bpy

    from motionfollower_addon.host.setup.weights import weights_setup

    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setenv("HF_HOME", str(odd_path / "hub cache"))
    bpy.context.preferences.system.use_online_access = True
    downloads = odd_path / "dównloads"
    preferences.downloads_folder = str(downloads)

    assert ops().weights_sizes() == {"FINISHED"}
    sizes = {item["name"]: item["bytes"] for item in weights_setup().downloads}
    assert sizes["sd-image-variations-diffusers"] > len(LARGE)
    assert 0 < sizes["sd-vae-ft-mse"] < 100
    assert not downloads.exists()

    assert ops().weights_fetch() == {"FINISHED"}
    fetched = downloads / "sd-image-variations-diffusers" / "unet" / "diffusion_pytorch_model.bin"
    assert fetched.read_bytes() == LARGE

    # A disk that is too small is told before, not found out by filling it.
    weights_setup().downloads[0]["bytes"] = 1 << 60
    with pytest.raises(RuntimeError, match="has not left"):
        ops().weights_fetch()


def test_a_wrong_python_stands_under_no_tick(preferences: Any, odd_path: Path) -> None:
    from tests.addon.paper import Paper

    paper = drawn_setup(preferences)
    assert "no longer at" not in paper.text
    preferences.backend_python = str(odd_path / "nö python")
    paper = drawn_setup(preferences)
    assert "no longer at" in paper.lines[1] and isinstance(paper, Paper)


def test_pages_of_the_weights_open_from_the_preferences(preferences: Any) -> None:
    ops().weights_look()
    paper = drawn_setup(preferences)
    pages = [said.url for name, said in paper.buttons if name == "wm.url_open"]
    assert len(pages) == len(set(pages)) == 3
    folder = "drive.google.com/drive/u/0/folders/1yWRNmd4-vbJfV1Ji_zhpNSwNpuJVat7o"
    assert sum(folder in page for page in pages) == 1


def drawn_setup(preferences: Any) -> Any:
    """What the preferences say on setting up."""
    import bpy

    from motionfollower_addon.panels.setup import draw_setup
    from tests.addon.paper import Paper, context

    paper = Paper()
    draw_setup(paper, context(bpy.context.scene), preferences)
    return paper
