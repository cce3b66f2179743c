"""Which Python and which PyTorch: asked of real interpreters, and of what drivers say."""

from __future__ import annotations

import os
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.protocol.messages import PROTOCOL
from mf_backend.version import VERSION
from motionfollower_addon.core.setup.installer.child import Children
from motionfollower_addon.core.setup.installer.handshake import handshake
from motionfollower_addon.core.setup.installer.packages import (
    Requirement,
    batches,
    clear_broken_off,
    find_faults,
    read_list,
)
from motionfollower_addon.core.setup.installer.pip import Pip, progress_text
from motionfollower_addon.core.setup.installer.plan import (
    InstallPaths,
    InstallPlan,
    InstallRefusal,
    PythonChoice,
    TorchChoice,
    child_environment,
)
from motionfollower_addon.core.setup.installer.python import Interpreter, ask, choose, find
from motionfollower_addon.core.setup.installer.torch import (
    TorchBuild,
    find_cards,
    offer,
    read_cards,
    read_index,
)

MakePlan = Callable[..., InstallPlan]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="makes links and shell scripts")

pytestmark = pytest.mark.once("Pythons and lists of packages")


def test_this_python_is_asked_and_accepted(children: Children) -> None:
    found = ask(children, [sys.executable])
    assert found is not None
    assert found.version == sys.version_info[:3]
    assert found.problem == ""
    assert Path(found.path).is_file()


@pytest.mark.parametrize(
    ("version", "bits", "able", "word"),
    [
        ((3, 13, 0), 64, True, "3.11 or 3.12"),
        ((3, 10, 4), 64, True, "3.11 or 3.12"),
        ((3, 11, 2), 32, True, "64 bits"),
        ((3, 12, 3), 64, False, "python3.12-venv"),
        ((3, 12, 3), 64, True, ""),
    ],
)
def test_what_is_wrong_with_a_python(
    version: tuple[int, int, int], bits: int, able: bool, word: str
) -> None:
    problem = Interpreter("p", version, bits, able).problem
    assert word in problem
    assert bool(problem) == bool(word)


def test_a_chosen_python_may_be_its_folder(
    children: Children, make_plan: MakePlan, odd_path: Path
) -> None:
    plan = make_plan(python_choice=PythonChoice.CHOSEN, python=str(Path(sys.executable).parent))
    found = choose(children, plan, InstallPaths(odd_path))
    assert found.version[:2] == sys.version_info[:2]


@POSIX
def test_a_chosen_program_that_is_no_python(
    children: Children, make_plan: MakePlan, odd_path: Path
) -> None:
    for path in ("/bin/true", str(odd_path / "nowhere")):
        plan = make_plan(python_choice=PythonChoice.CHOSEN, python=path)
        with pytest.raises(InstallRefusal, match="does not answer as a Python"):
            choose(children, plan, InstallPaths(odd_path))


@POSIX
def test_a_python_on_the_path_is_found_and_none_is_told(
    children: Children, make_plan: MakePlan, odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(odd_path))
    assert find(children) is None
    with pytest.raises(InstallRefusal, match=r"No Python 3\.11 or 3\.12"):
        choose(children, make_plan(python_choice=PythonChoice.FOUND), InstallPaths(odd_path))

    broken = odd_path / "python3.11"  # as a version manager leaves for what is not installed
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    version = "{}.{}".format(*sys.version_info)
    (odd_path / "python3").symlink_to(sys.executable)
    found = find(children)
    assert found is not None and ".".join(map(str, found.version)).startswith(version)


@pytest.mark.slow
@POSIX
def test_uv_is_brought_by_pip_and_finds_a_python(
    children: Children, make_plan: MakePlan, odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pip of this Python runs from ensurepip's wheel, as Blender's would.
    pytest.importorskip("ensurepip")
    tools = odd_path / "töols"
    tools.mkdir()
    base = getattr(sys, "_base_executable", sys.executable)
    (tools / "python3.11").symlink_to(os.path.realpath(base))
    monkeypatch.setenv("PATH", str(tools))
    paths = InstallPaths(odd_path / "bäckend")
    paths.folder.mkdir()
    try:
        found = choose(children, make_plan(python_choice=PythonChoice.UV), paths)
    except InstallRefusal as refusal:
        if refusal.code == "uv-missing":
            pytest.skip(f"uv cannot be fetched here: {refusal.message}")
        raise
    assert (paths.uv / "bin" / "uv").is_file()
    assert found.problem == ""


H100 = "NVIDIA H100 80GB HBM3, 580.95.05, 9.0, 81559\n"


@pytest.mark.parametrize(
    ("text", "builds", "word"),
    [
        (H100, ["cu130", "cu126"], "H100"),
        ("NVIDIA GeForce RTX 3060, 551.86, 8.6, 12288\n", ["cu126"], "RTX 3060"),
        ("NVIDIA GeForce GTX 1080, 580.10, 6.1, 8192\n", ["cu126"], "GTX 1080"),
        ("NVIDIA GeForce RTX 5090, 590.10, 12.0, 32607\n", ["cu130"], "RTX 5090"),
        ("NVIDIA GeForce RTX 5090, 570.10, 12.0, 32607\n", [], "Update the driver"),
        ("NVIDIA GeForce GTX 760, 470.10, 3.0, 2048\n", [], "compute capability 3.0"),
        ("NVIDIA-SMI has failed because it could not communicate\n", [], "No NVIDIA card"),
    ],
)
def test_the_build_fits_card_and_driver(text: str, builds: list[str], word: str) -> None:
    offered = offer(TorchChoice.AUTO, read_cards(text), read_index(), "linux")
    assert [item.name for item in offered.builds if item.name.startswith("cu")] == builds
    assert all(item.name in item.index for item in offered.builds if item.index)
    assert bool(builds) or offered.builds[-1] == TorchBuild()
    assert word in offered.note
    if not builds:
        assert "processor" in offered.note, "falling back is said in plain words"


def test_the_larger_of_two_cards_counts_and_a_comma_in_a_name() -> None:
    cards = read_cards("Small, 580.1, 7.5, 4096\nBig, Ltd., 580.1, 8.6, 24576\n")
    assert [card.name for card in cards] == ["Big, Ltd.", "Small"]


def test_processor_only_and_macos_take_no_cuda_build() -> None:
    cards = read_cards(H100)
    chosen = offer(TorchChoice.PROCESSOR, cards, read_index(), "linux")
    mac = offer(TorchChoice.AUTO, [], read_index(), "darwin")
    assert not any(item.name.startswith("cu") for item in (*chosen.builds, *mac.builds))
    assert mac.builds == (TorchBuild(),)


@POSIX
def test_cards_are_asked_of_the_driver(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(odd_path))
    assert find_cards() == []
    smi = odd_path / "nvidia-smi"
    smi.write_text(f'#!/bin/sh\ncase "$1" in --query-gpu=*) printf "{H100}";; esac\n')
    smi.chmod(0o755)
    assert [card.driver for card in find_cards()] == ["580.95.05"]


def test_without_a_card_linux_takes_the_small_build_and_the_large_one_last() -> None:
    builds = offer(TorchChoice.AUTO, [], read_index(), "linux").builds
    assert [(item.name, bool(item.index)) for item in builds] == [
        ("cpu", False),
        ("cpu", True),
        ("", False),
    ]
    assert [item.name for item in offer(TorchChoice.AUTO, [], read_index(), "win32").builds] == [""]


def test_the_shipped_list_is_exact_and_holds_torch(unpacked: Path) -> None:
    wanted = read_list(unpacked / "requirements" / "backend.txt")
    keys = [item.key for item in wanted]
    assert len(keys) == len(set(keys)) > 50
    assert {"torch", "numpy", "mediapipe"} <= set(keys)
    assert ("colorama" in keys) == (sys.platform == "win32")
    assert sum(len(part) for part in batches(wanted, 8)) == len(wanted)


def test_a_line_that_is_not_exact_is_refused(odd_path: Path) -> None:
    (odd_path / "list.txt").write_text("numpy>=1\n")
    with pytest.raises(InstallRefusal, match="numpy>=1"):
        read_list(odd_path / "list.txt")


@pytest.mark.slow
def test_damage_of_every_kind_is_found_and_mended(
    make_plan: MakePlan, children: Children, odd_path: Path
) -> None:
    paths = InstallPaths(odd_path)
    venv.create(paths.environment, with_pip=True)
    pip = Pip(children, paths)
    wheel = Path(make_plan().wheel)
    wanted = [Requirement("mf-backend", VERSION)]
    assert [fault.problem for fault in find_faults(paths.packages(), wanted)] == ["is missing"]
    pip.install_wheel(wheel, print)
    assert find_faults(paths.packages(), wanted, read_files=True) == []

    other = find_faults(paths.packages(), [Requirement("mf_backend", "9.9")])
    assert f"version {VERSION} instead of 9.9" in other[0].problem
    file = paths.packages() / "mf_backend" / "contracts" / "errors.py"
    file.write_text("x")
    assert "damaged file" in find_faults(paths.packages(), wanted)[0].problem
    file.unlink()
    assert (
        "lacks mf_backend/contracts/errors.py" in find_faults(paths.packages(), wanted)[0].problem
    )
    next(paths.packages().glob("mf_backend-*/RECORD")).unlink()
    assert "to its end" in find_faults(paths.packages(), wanted)[0].problem
    clear_broken_off(paths.packages(), wanted[0])
    pip.install_wheel(wheel, print)
    assert find_faults(paths.packages(), wanted, read_files=True) == []

    empty = odd_path / "index"
    empty.mkdir()
    (odd_path / "constraints.txt").write_text("")
    build = TorchBuild("cu130", empty.as_uri())
    torch = Requirement("torch", "2.13.0")
    assert not pip._first_of(torch, [build], odd_path / "constraints.txt", print)
    assert "torch==2.13.0+cu130 could not be installed" in (odd_path / "log.txt").read_text(
        encoding="utf-8"
    )


def test_a_backend_of_another_version_or_protocol_is_named(children: Children) -> None:
    python = Path(sys.executable)
    said = handshake(children, python, VERSION, PROTOCOL)
    assert said["backend"] == VERSION
    with pytest.raises(InstallRefusal, match=r"this add-on needs 9\.9\.9"):
        handshake(children, python, "9.9.9", PROTOCOL)
    with pytest.raises(InstallRefusal, match="99") as caught:
        handshake(children, python, VERSION, 99)
    assert caught.value.code == "backend-protocol"


def test_an_environment_without_backend_is_said_to_be_silent(
    children: Children, odd_path: Path
) -> None:
    venv.create(odd_path / "env", with_pip=False)
    python = odd_path / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    with pytest.raises(InstallRefusal, match="No module named"):
        handshake(children, python, VERSION, PROTOCOL)


def test_pips_own_configuration_stays_and_blenders_python_does_not() -> None:
    kept = child_environment(
        {"PYTHONHOME": "/b", "PIP_TARGET": "/t", "PIP_INDEX_URL": "i", "HOME": "/h"}
    )
    assert kept["PIP_INDEX_URL"] == "i" and kept["HOME"] == "/h"
    assert "PYTHONHOME" not in kept and "PIP_TARGET" not in kept


def test_what_pip_says_in_words() -> None:
    said = progress_text("Collecting torch==2.13.0+cu130", "")
    assert said == "Fetching torch==2.13.0+cu130"
    big = progress_text("Progress 131072000 of 526600000", said)
    assert big == f"{said}: 131 of 527 MB"
    assert progress_text("Progress 1000 of 9000", said) == "", "small files flicker by"
    assert progress_text("Processing /x y/torch-2.13.0+cpu-cp311-cp311-linux.whl", "") == (
        "Fetching torch-2.13.0+cpu"
    )
    assert progress_text("Installing collected packages: a, b", "") == "Unpacking"
    assert progress_text("  WARNING: something", "") == ""
