"""Films shots into the cache."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks.truth.filming import descriptions
from film.people.joints import __doc__ as joints_are
from film.places.cameras import still
from film.shooting import rigs, stage, takes
from film.shooting.shot import Shot
from mf_backend.contracts.files import hash_value, part_name, write_json


def film(shot: Shot, cache: Path) -> Path:
    """The folder of a filmed shot, filming it first where it is not there."""
    folder = cache / descriptions.folder_name(shot)
    if (folder / "shot.json").is_file():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / part_name(folder.name)
    made.mkdir()
    try:
        _film(shot, made)
        if not folder.exists():  # else another process was faster with the same film
            made.replace(folder)
    finally:
        if made.exists():
            shutil.rmtree(made)
    return folder


def read_rigs(shot: Shot, folder: Path) -> None:
    """Read both rigs of a shot anew into a folder, a filmed shot's or another: what the add-on
    makes of them changes with the add-on, the films do not."""
    _read_rigs(stage.build(shot), shot, folder)


def _read_rigs(built: stage.Stage, shot: Shot, folder: Path) -> None:
    rigs.matched(built, shot, folder / "matched" / "target_joints.npz")
    rigs.fit(built, shot, int(hash_value(shot.name)[:6], 16), folder / "fit" / "target_joints.npz")


def _film(shot: Shot, folder: Path) -> None:
    started = time.monotonic()
    built = stage.build(shot)
    alone = still(shot.camera) and shot.other is None
    takes.film_plate(built, folder / "plate", 1 if alone else shot.frames)
    for take in ("source", "truth"):
        built.take(take)
        takes.film(built, shot, folder / "plate", folder / take)
    _read_rigs(built, shot, folder)
    pictures = 2 * shot.frames + (1 if alone else shot.frames)
    write_json(
        folder / "shot.json",
        {
            "name": shot.name,
            "hash": descriptions.hash_of(shot),
            "held_out": shot.name in descriptions.held_out(),
            "size": list(shot.size),
            "fps": shot.fps,
            "frames": shot.frames,
            "plates": 1 if alone else shot.frames,
            "joints": " ".join((joints_are or "").split()),
            "shot": descriptions.described(shot),
            "seconds_a_picture": round((time.monotonic() - started) / pictures, 2),
        },
    )
