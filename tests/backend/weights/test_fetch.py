"""Fetching from a hub: a local server that speaks its protocol and breaks off once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mf_backend.weights.catalog import BASE_REPOSITORY, VAE_REPOSITORY

COMMIT = "0" * 39 + "1"
LARGE = os.urandom(16_000_000)
# The hub's library writes 10 MiB at a time, so less than that is lost when a line breaks.
BREAK, KEPT = 12_000_000, 10 * 2**20
LARGE_NAME = "unet/diffusion_pytorch_model.bin"
FILES = {
    BASE_REPOSITORY: {
        "unet/config.json": b"{}",
        "unet/diffusion_pytorch_model.bin": LARGE,
        "image_encoder/config.json": b"{}",
        "image_encoder/pytorch_model.bin": b"encoder",
        "image_encoder/model.safetensors": b"encoder, safe",
        "vae/diffusion_pytorch_model.bin": b"not asked for",
    },
    VAE_REPOSITORY: {
        "config.json": b"{}",
        "diffusion_pytorch_model.bin": b"pickled twin",
        "diffusion_pytorch_model.safetensors": b"vae",
        "README.md": b"not asked for",
    },
}


class Hub(BaseHTTPRequestHandler):
    """Repository facts, file heads and file contents with ranges."""

    protocol_version = "HTTP/1.1"
    broken: dict[str, int] = {}
    """How often a file's transfer still breaks off."""
    ranges: list[str] = []
    sent: list[str] = []

    def log_message(self, *args: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.split("?")[0]
        for repository, files in FILES.items():
            if path.startswith(f"/api/models/{repository}"):
                return self._json(repository, files, path)
            for name, data in files.items():
                if path.startswith(f"/{repository}/resolve/") and path.endswith(f"/{name}"):
                    return self._file(name, data, body)
        self.send_error(404)
        return None

    def _json(self, repository: str, files: dict[str, bytes], path: str) -> None:
        tree = [
            {"type": "file", "path": name, "size": len(data), "oid": "0" * 40}
            for name, data in files.items()
        ]
        siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
        facts = {"id": repository, "sha": COMMIT, "siblings": siblings, "private": False}
        text = json.dumps(tree if "/tree/" in path else facts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _file(self, name: str, data: bytes, body: bool) -> None:
        start = 0
        asked = self.headers.get("Range", "")
        if body and asked:
            self.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if not body:
            return
        self.sent.append(name)
        if self.broken.get(name, 0) > 0:
            self.broken[name] -= 1
            self.wfile.write(data[start : start + (0 if start else BREAK)])
            self.close_connection = True
            return
        self.wfile.write(data[start:])


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Hub.broken, Hub.ranges, Hub.sent = {}, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def fetch(hub: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mf_backend", "weights", "fetch", "--to", str(folder), *more],
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={
            **os.environ,
            "HF_ENDPOINT": hub,
            "HF_HOME": str(folder.parent / "hub cache"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "PYTHONIOENCODING": "utf-8",
        },
        timeout=300,
        check=False,
    )


def test_what_is_needed_is_fetched(hub: str, odd_path: Path) -> None:
    done = fetch(hub, odd_path / "dówn", "--yes")
    assert done.returncode == 0, done.stderr
    assert "0.01 GiB" in done.stderr
    base = odd_path / "dówn" / "sd-image-variations-diffusers"
    assert (base / "unet/diffusion_pytorch_model.bin").read_bytes() == LARGE
    assert (base / "image_encoder/model.safetensors").is_file()
    vae = odd_path / "dówn" / "sd-vae-ft-mse"
    assert (vae / "diffusion_pytorch_model.safetensors").read_bytes() == b"vae"
    for left in (base / "vae", base / "image_encoder/pytorch_model.bin", vae / "README.md"):
        assert not left.exists()
    assert not (vae / "diffusion_pytorch_model.bin").exists()


def test_nothing_is_fetched_unasked(hub: str, odd_path: Path) -> None:
    done = fetch(hub, odd_path / "d")
    assert done.returncode == 2 and "--yes" in done.stderr
    assert not (odd_path / "d").exists()


@pytest.mark.slow
def test_a_line_that_breaks_is_taken_up_where_it_stopped(hub: str, odd_path: Path) -> None:
    Hub.broken = {LARGE_NAME: 1}
    done = fetch(hub, odd_path / "d", "--yes")
    assert done.returncode == 0, done.stderr
    assert [int(x.removeprefix("bytes=").split("-")[0]) for x in Hub.ranges] == [KEPT]
    path = odd_path / "d/sd-image-variations-diffusers/unet/diffusion_pytorch_model.bin"
    assert path.read_bytes() == LARGE


@pytest.mark.slow
def test_whole_files_of_a_failed_download_are_kept(hub: str, odd_path: Path) -> None:
    Hub.broken = {LARGE_NAME: 1000}
    done = fetch(hub, odd_path / "d", "--yes")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr and "could not be fetched" in done.stderr
    Hub.broken, Hub.sent = {}, []
    done = fetch(hub, odd_path / "d", "--yes")
    assert done.returncode == 0, done.stderr
    assert LARGE_NAME in Hub.sent and "unet/config.json" not in Hub.sent
