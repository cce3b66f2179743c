"""The `weights` subcommand, run as its own process the way a person runs it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mf_backend.cli.commands import weights
from mf_backend.weights.weight_set import verify

_RUNNER = (
    "import sys, argparse; from mf_backend.cli.commands import weights as command; "
    "from mf_backend.contracts.errors import MFError\n"
    "p = argparse.ArgumentParser(); command.add_parser(p.add_subparsers())\n"
    "try: sys.exit(command.run(p.parse_args()))\n"
    "except MFError as e: print(e, file=sys.stderr); sys.exit(int(e.exit_code))"
)


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _RUNNER, "weights", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_import_list_verify(downloads: Path, odd_path: Path) -> None:
    folder = str(odd_path / "set")
    config = str(downloads / "model.json")
    done = call("import", str(downloads), "--to", folder, "--config", config, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["changed"] is True
    again = call("import", str(downloads), "--to", folder, "--config", config, "--json")
    assert json.loads(again.stdout)["changed"] is False
    listed = json.loads(call("list", "--weights", folder, "--json").stdout)
    assert listed["complete"] and listed["complete_for_released"]
    assert listed["files"].keys() == json.loads(done.stdout)["files"].keys()
    assert call("verify", "--weights", folder).returncode == 0
    (Path(folder) / "unet.safetensors").unlink()
    bad = call("verify", "--weights", folder)
    assert bad.returncode == 3
    assert "unet.safetensors" in bad.stderr


def test_list_without_weights_says_how_to_get_them(odd_path: Path) -> None:
    done = call("list", "--weights", str(odd_path / "none"))
    assert done.returncode == 0
    for part in ("denoising_unet.pth", "stabilityai/sd-vae-ft-mse", "weights import"):
        assert part in done.stdout


def test_full_size_files_of_another_size_are_refused(downloads: Path, odd_path: Path) -> None:
    """Without --config the published sizes of motion module and pose controller count."""
    done = call("import", str(downloads), "--to", str(odd_path / "set"))
    assert done.returncode == 2
    assert "pose_controller/conv_in.weight [8, 3, 3, 3] for [16, 3, 3, 3]" in done.stderr


def test_fetch_offline_is_one_sentence(odd_path: Path) -> None:
    done = call("fetch", "--to", str(odd_path / "d"), "--yes", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "could not be fetched from the model hub" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (odd_path / "d").exists()


def test_tiny_set_in_seconds_and_reproducible(odd_path: Path) -> None:
    parser = argparse.ArgumentParser()
    weights.add_parser(parser.add_subparsers())
    start = time.monotonic()
    for name in ("a", "b"):
        args = parser.parse_args(["weights", "tiny", "--to", str(odd_path / name), "--json"])
        assert weights.run(args) == 0
    assert time.monotonic() - start < 30
    assert verify(odd_path / "a").keys() == verify(odd_path / "b").keys()
    for name in verify(odd_path / "a"):
        assert (odd_path / "a" / name).read_bytes() == (odd_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    "module", ["weights.catalog", "weights.folder", "weights.weight_set", "cli.commands.weights"]
)
def test_looking_is_cheap(module: str) -> None:
    code = (
        f"import sys, mf_backend.{module}; "
        "sys.exit(any(x in sys.modules for x in ('torch', 'diffusers', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
