"""Shots to learn from, read from a folder and held in memory at the networks' size.

DATA/SHOT/                      every folder that has one of these two forms:
  source/ truth/                what somebody does, and perhaps what the same one does else in the
                                same shot, each with
    frames/000001.png           the pictures,
    alpha/000001.png            his matte (255 = he),
    joints.npz                  joints [n, 60, 2] in pixels,
    preview/000001.png          perhaps what the preview engine makes of the other one's clip in
                                this motion (see `drafts`);
  plate/000001.png              perhaps the set without him: n pictures, or one for a still camera
  shot.json                     perhaps {"split": "train" | "validation" | "held-out", "body", ...}
DATA/SHOT/
  frames/                       numbered pictures of a clip of one's own,
  conditions/                   what `python -m mf_backend condition` made of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import read_grey, read_image
from mf_backend.compositing.window import Window, plan_square, union_box
from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.conditions import JOINTS
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import Reporter
from mf_backend.training.data.joints import read_joints

Array = NDArray[np.uint8]
PREVIEW = "preview"
"""Folder of a take's drafts."""
_ABOUT = 1 << 20
"""Bytes that shot.json may have."""


class Split(StrEnum):
    """What a shot is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    HELD_OUT = "held-out"


@dataclass(frozen=True)
class Take:
    """One film: pictures uint8 [n, S, S, 3], mattes uint8 [n, S, S], joints float32 [n, 60, 2] in
    pixels of these squares."""

    pictures: Array
    mattes: Array
    joints: NDArray[np.float32]
    drafts: Array | None = None
    """The preview's pictures of these frames, uint8 like `pictures`, perhaps fewer."""

    def __len__(self) -> int:
        return len(self.pictures)


@dataclass(frozen=True)
class Shot:
    """One or two takes of the same person in the same shot; `plate` uint8 [S, S, 3] is the set
    behind a still camera where it is known."""

    name: str
    split: Split
    takes: tuple[Take, ...]
    plate: Array | None = None
    moving_camera: bool = False
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Files:
    pictures: tuple[Path, ...]
    mattes: tuple[Path, ...]
    joints: NDArray[np.float32]
    drafts: tuple[Path, ...] = ()


def read_shots(folder: Path, side: int, least: int, reporter: Reporter) -> list[Shot]:
    """Every shot below `folder`, at `side` pixels, but those held out.

    Raises InputError with one sentence where nothing is there, a take has fewer than `least`
    frames, pictures differ in size, or masks or joints are missing.
    """
    places = sorted(p for p in folder.iterdir() if _form(p)) if folder.is_dir() else []
    if _form(folder):
        places = [folder]
    if not places:
        raise InputError(
            "train-no-shots",
            f"There are no shots to learn from in {folder}.",
            "Give a folder of shots, each with frames and conditions, or source and truth.",
        )
    reporter.begin("reading shots", len(places))
    shots = []
    for number, place in enumerate(places, start=1):
        about = _about(place)
        if _split(place.name, about) is not Split.HELD_OUT:
            shots.append(_read(place, about, side, least))
        reporter.advance(number, place.name)
    if not shots:
        raise InputError(
            "train-no-shots",
            f"All shots in {folder} are held out; none is left to learn from.",
            "Add shots whose shot.json says train.",
        )
    return shots


def _form(place: Path) -> str:
    if place.name.startswith("."):
        # Whoever was broken off while writing a shot leaves it under a hidden name.
        return ""
    if (place / "conditions").is_dir():
        return "conditions"
    return "takes" if (place / "source" / "frames").is_dir() else ""


def _about(place: Path) -> dict[str, Any]:
    path = place / "shot.json"
    if not path.is_file():
        return {}
    try:
        value = read_json(path, _ABOUT)
    except ValueError as error:
        raise InputError("train-shot", f"{path} could not be read: {error}.") from None
    return value if isinstance(value, dict) else {}


def _split(name: str, about: dict[str, Any]) -> Split:
    if about.get("held_out") is True:
        return Split.HELD_OUT
    told = about.get("split")
    if told in tuple(Split):
        return Split(told)
    # Without a word, a tenth by name: the same one whatever else lies beside it.
    return Split.VALIDATION if _digest(name) % 10 == 0 else Split.TRAIN


def _digest(name: str) -> int:
    """A number from 0 to 255 that a name stands for on every machine."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[0]


def _read(place: Path, about: dict[str, Any], side: int, least: int) -> Shot:
    if _form(place) == "conditions":
        films = [_conditioned(place)]
    else:
        folders = [place / name for name in ("source", "truth")]
        films = [_filmed(take) for take in folders if (take / "frames").is_dir()]
    for film in films:
        if len(film.pictures) < least:
            raise InputError(
                "train-few-frames",
                f"{film.pictures[0].parent if film.pictures else place} has "
                f"{len(film.pictures)} frames; at least {least} are needed.",
                "Use a longer clip, or shorter clips to learn from.",
            )
    size = _one_size(films)
    window = _window(place.name, films, size, side)
    takes = tuple(
        Take(
            np.stack([window.crop(read_image(path)) for path in film.pictures]),
            np.stack([window.crop(read_grey(path)) for path in film.mattes]),
            window.joints(film.joints),
            np.stack([window.crop(read_image(path)) for path in film.drafts])
            if film.drafts
            else None,
        )
        for film in films
    )
    files = scan(place / "plate").files if (place / "plate").is_dir() else ()
    moving = len(files) > 1 or about.get("moving_camera") is True
    plate = window.crop(read_image(files[0])) if files and not moving else None
    return Shot(place.name, _split(place.name, about), takes, plate, moving, about)


def _filmed(take: Path) -> _Files:
    pictures = scan(take / "frames").files
    mattes = scan(take / "alpha").files if (take / "alpha").is_dir() else ()
    joints = read_joints(take / "joints.npz", {"joints": JOINTS})
    found = _fitting(take, pictures, mattes, joints["joints"])
    drafts = scan(take / PREVIEW).files if (take / PREVIEW).is_dir() else ()
    return replace(found, drafts=drafts[: len(pictures)])


def _conditioned(place: Path) -> _Files:
    pictures = scan(place / "frames").files if (place / "frames").is_dir() else ()
    masks = place / "conditions" / "source_masks"
    mattes = scan(masks).files if masks.is_dir() else ()
    joints = read_joints(place / "conditions" / "joints.npz", {"source": JOINTS})
    return _fitting(place, pictures, mattes, joints["source"])


def _fitting(
    place: Path, pictures: tuple[Path, ...], mattes: tuple[Path, ...], joints: NDArray[np.float32]
) -> _Files:
    for count, what in ((len(mattes), "masks"), (len(joints), "skeletons")):
        if count != len(pictures):
            raise InputError(
                "train-masks" if what == "masks" else "train-joints",
                f"{place} has {len(pictures)} frames but {count} {what}.",
                "Give one for each frame; `python -m mf_backend condition` makes them.",
            )
    return _Files(pictures, mattes, joints)


def _one_size(films: list[_Files]) -> tuple[int, int]:
    """(width, height) of all pictures and mattes."""
    found: dict[tuple[int, int], Path] = {}
    for film in films:
        for path in (*film.pictures, *film.mattes, *film.drafts):
            found.setdefault(_size_of(path), path)
    if len(found) > 1:
        (one, first), (two, second) = list(found.items())[:2]
        raise InputError(
            "train-size",
            f"Pictures of one shot must have one size, but {first} is {one[0]}x{one[1]} and "
            f"{second} is {two[0]}x{two[1]}.",
            "Give each clip a folder of its own.",
        )
    return next(iter(found))


def _size_of(path: Path) -> tuple[int, int]:
    from mf_backend.clip.picture_file import image_size

    return image_size(path)


def _window(name: str, films: list[_Files], size: tuple[int, int], side: int) -> Window:
    """The square around everybody in a shot, as the engine's window is.

    Of films that have the networks' size every other one, by its name, is taken whole: sharper,
    with people as small as they were filmed.
    """
    if size == (side, side) and _digest(name) % 2:
        return Window(0, 0, side, side, size)
    box = union_box(read_grey(path) for film in films for path in film.mattes)
    if box is None:
        raise InputError(
            "train-masks",
            f"No mask of {films[0].pictures[0].parent.parent} shows anybody.",
            "Make the masks again, or leave the clip out.",
        )
    return plan_square(box, size, side, whole=False)


def of_split(shots: list[Shot], split: Split) -> list[Shot]:
    """The shots of a split; all of them where there are none (a single clip, say)."""
    return [shot for shot in shots if shot.split is split] or shots
