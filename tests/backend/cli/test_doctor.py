"""The doctor reads our own metadata and tries the real libraries."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from mf_backend.cli.commands.doctor import tell
from mf_backend.doctor.examine import could_run, examine
from mf_backend.doctor.libraries import LibraryState, examine_libraries


@pytest.fixture
def installed(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our metadata as an installation leaves it, with four requirements that differ in state."""
    info = odd_path / "mf_backend-0.1.0.dist-info"
    info.mkdir()
    (odd_path / "mf_broken_library.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file')", encoding="utf-8"
    )
    broken = odd_path / "mf_broken_library-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Name: mf-broken-library\nVersion: 1.0\n", encoding="utf-8")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mf_backend\nVersion: 0.1.0\n"
        "Requires-Dist: numpy>=1.26\n"
        "Provides-Extra: clip\n"
        'Requires-Dist: opencv-python-headless<1.0; extra == "clip"\n'
        'Requires-Dist: mf-no-such-library[all]==2.0; extra == "diffusion"\n'
        'Requires-Dist: mf-extra-library; extra == "metrics"\n'
        'Requires-Dist: mf-broken-library; extra == "condition"\n',
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(odd_path))
    monkeypatch.setenv("PYTHONPATH", str(odd_path))
    return odd_path


def test_states_of_libraries(installed: Path) -> None:
    found = {library.name: library for library in examine_libraries()}
    assert found["numpy"].state is LibraryState.GOOD and found["numpy"].problem == ""
    assert found["opencv-python-headless"].state is LibraryState.OTHER_VERSION
    assert "pip install" in found["opencv-python-headless"].problem
    missing = found["mf-no-such-library"]
    assert missing.state is LibraryState.MISSING and missing.installed == ""
    assert sys.executable in missing.problem and missing.purpose == "the motionfollower engine"
    broken = found["mf-broken-library"]
    assert broken.state is LibraryState.BROKEN
    assert "libGL.so.1" in broken.problem and "apt install libgl1" in broken.problem


def test_what_is_to_mend_is_said(installed: Path) -> None:
    lines = list(tell(examine(installed, load=False)))
    extra = lines.index("Not needed, but could be added")
    mend = lines[lines.index("What to mend") + 1 : extra]
    assert len(mend) == 2
    assert len(lines[extra + 1 :]) == 1 and "mf-extra-library" in lines[extra + 1]
    assert any("mf-no-such-library" in line and "is missing" in line for line in mend)


def test_what_could_run_goes_by_free_memory() -> None:
    from mf_backend.engines.motionfollower.memory.presets import NAMES, PRESETS

    def say(free: int) -> str:
        card = {"id": "cuda:0", "kind": "cuda", "total_bytes": free, "free_bytes": free}
        return could_run([card])[0]

    offered = [preset for preset in PRESETS if preset.name in NAMES]
    assert f"--memory {offered[-1].name} " in say(500 * 2**30)
    assert "too little memory" in say(PRESETS[0].limit - 1)
    for preset, larger in itertools.pairwise(offered):
        assert f"--memory {preset.name} " in say(preset.limit)
        assert f"--memory {preset.name} " in say(larger.limit - 1)
