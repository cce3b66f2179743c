"""`python -m mf_backend bench` as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mf_backend.cli.commands.bench import speed_table

BUNDLES = os.environ.get("MF_PARITY_BUNDLES", "")


def bench(*arguments: str, code: int = 0, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mf_backend", "bench", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
        cwd=cwd,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


SMALL = ("--device", "cpu", "--model", "tiny", "--frames", "2", "--size", "64x128")


@pytest.mark.slow
@pytest.mark.usefixtures("whole")
def test_speed_compares_both_behaviours_with_the_plain_port() -> None:
    words = ("speed", *SMALL, "--repeats", "1", "--clock", "cpu", "--json")
    result = json.loads(bench(*words))
    assert result["steps_of_kind"] == {"plain": 7, "guided": 16, "replayed": 2}
    for side in ("baseline", "default", "released"):
        assert 0 < result["share_of_matrix_rate"][side] < 1
        times = result["median_seconds"][side]
        assert 0 < times["plain"] < times["guided"] < times["replayed"]
    assert result["setting"]["width"] == 64 and result["setting"]["height"] == 128
    run = result["run_seconds"]
    assert result["ratio"]["default"] == pytest.approx(run["default"] / run["baseline"])
    assert set(result["median_seconds"]["draft"]) == {"plain", "guided"}
    assert 0 < run["draft"] < 0.5 * run["baseline"]
    table = speed_table(result)
    assert any(line.startswith("draft") and f"{run['draft']:.1f} s" in line for line in table)

    run = result["run_flop"]
    assert run["draft"] < 0.5 * run["default"]
    assert run["default"] < run["released"] < run["baseline"]
    # Counted without a device. The same steps: layers that run again for the gradients are the
    # difference.
    light = json.loads(bench("speed", *SMALL, "--device", "meta", "--memory", "8", "--json"))
    assert light["run_flop"]["baseline"] == run["baseline"]
    assert light["run_flop"]["default"] > run["default"]
    plain = "plain"
    assert light["flop_of_kind"]["default"][plain] == result["flop_of_kind"]["default"][plain]


def test_speed_of_compiled_layers_needs_a_compiler(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", str(odd_path / "no compiler"))
    error = bench("speed", *SMALL, "--compile", code=3)
    assert "cannot be compiled, because no C++ compiler was found" in error


@pytest.mark.slow
@pytest.mark.usefixtures("whole")
def test_memory_on_real_tensors_with_the_plain_port() -> None:
    arguments = (*SMALL, "--dtype", "float32", "--memory", "6", "--baseline")
    result = json.loads(bench("memory", *arguments, "--json"))
    assert result["weights_bytes"] < result["peak_bytes"] < result["baseline"]["peak_bytes"]
    saved = result["saved_for_backward_bytes"]
    assert 0 < saved < result["baseline"]["saved_for_backward_bytes"]
    table = bench("memory", *arguments)
    assert "plain port" in table


@pytest.mark.slow
def test_parity_names_the_worst_key_of_each_stage() -> None:
    if not BUNDLES:
        pytest.skip("MF_PARITY_BUNDLES is not set: no recorded runs to compare with")
    arguments = ("parity", "--bundles", BUNDLES, "--only", "edit25_noguide")
    result = json.loads(bench(*arguments, "--json"))
    stages = result["bundles"]["edit25_noguide"]["stages"]
    assert result["passed"] and {"predictions", "edit", "video"} <= set(stages)
    assert all(stage["worst"] <= stage["allowed"] for stage in stages.values())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("parity", "--bundles", "no such folder"), "no recorded runs"),
        (("memory", "--size", "12"), "no size"),
        (("memory", "--device", "meta", "--frames", "40"), "at most 32 frames"),
        (("speed", "--repeats", "0"), "--repeats must be a whole number from 1 to"),
        (("speed", "--cfg", "0.5"), "--cfg must be a number from 1 to"),
    ],
)
def test_wrong_use_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, odd_path: Path, repository: Path
) -> None:
    error = bench(*arguments, code=2, cwd=repository)
    assert sentence in error and "Traceback" not in error
