"""Films the shots of numbers into a folder that `python -m mf_backend train` reads."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from pathlib import Path

from film.library.numbered import Series, body_of, numbered
from film.places.cameras import still
from film.shooting import stage, takes
from film.shooting.shot import Shot
from mf_backend.contracts.files import part_name, write_json


@dataclasses.dataclass(frozen=True)
class Order:
    """What is to be filmed: `count` numbers from `first` on."""

    series: Series
    first: int
    count: int
    side: int
    frames: int
    samples: int


def film_number(order: Order, number: int, folder: Path) -> bool:
    """Film one number, whole or not at all; False where it was there already."""
    shot = numbered(order.series, number, order.side, order.frames, order.samples)
    target = folder / shot.name
    if (target / "shot.json").is_file():
        return False
    made = folder / part_name(shot.name)
    made.mkdir(parents=True)
    try:
        _film(order, number, shot, made)
        made.replace(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return True


def _film(order: Order, number: int, shot: Shot, folder: Path) -> None:
    started = time.monotonic()
    built = stage.build(shot)
    plates = 1 if still(shot.camera) else shot.frames
    takes.film_plate(built, folder / "plate", plates)
    for take in ("source", "truth"):
        built.take(take)
        takes.film(built, shot, folder / "plate", folder / take)
    described = json.loads(json.dumps(dataclasses.asdict(shot)))
    write_json(
        folder / "shot.json",
        {
            "name": shot.name,
            "split": order.series.split.value,
            "body": body_of(order.series, number),
            "set": shot.set,
            "set_seed": shot.set_seed,
            "size": list(shot.size),
            "frames": shot.frames,
            "moving_camera": not still(shot.camera),
            "shot": described,
            "seconds_a_picture": round(
                (time.monotonic() - started) / (2 * shot.frames + plates), 3
            ),
        },
    )
