"""Folders of numbered images: sorted by number, gaps and mixed sizes found before work starts."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mf_backend.contracts.errors import InputError

_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
_NUMBER = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_MOST_DIGITS = 15
_MOST_MISSING = 50_000
"""Longer numbers and wider gaps are no frame numbers (clocks, serial numbers, stray files)."""
_SHOWN = 8
"""How many numbers a sentence lists before it says how many more there are."""


@dataclass(frozen=True)
class NumberedImages:
    """Image files of one folder in the order of their numbers."""

    folder: Path
    files: tuple[Path, ...]
    numbers: tuple[int, ...]

    @property
    def step(self) -> int:
        """Constant distance between numbers (renders on twos have 2); 1 where it varies."""
        gaps = {b - a for a, b in zip(self.numbers, self.numbers[1:], strict=False)}
        return gaps.pop() if len(gaps) == 1 else 1

    def missing(self, first: int = 0, stop: int | None = None) -> tuple[int, ...]:
        """Numbers without a file between positions `first` and `stop` - 1."""
        numbers = self.numbers[first:stop]
        step = self.step
        return tuple(
            gap for a, b in itertools.pairwise(numbers) for gap in range(a + step, b, step)
        )

    def missing_count(self) -> int:
        """How many numbers have no file, without listing them."""
        span = (self.numbers[-1] - self.numbers[0]) // self.step + 1
        return span - len(self.numbers)


def list_numbers(numbers: Iterable[int]) -> str:
    """Numbers for a sentence, shortened: '3, 7-9 and 4 more'."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs[:_SHOWN])
    rest = sum(b - a + 1 for a, b in runs[_SHOWN:])
    return f"{shown} and {rest} more" if rest else shown


def scan(folder: Path) -> NumberedImages:
    """List the numbered images of a folder.

    The last run of digits in a name is its number; other images are left aside. Raises InputError
    where the folder is missing, has no numbered images, two sequences, or one number twice.
    """
    if not folder.is_dir():
        raise InputError(
            "clip-missing", f"The folder {folder} does not exist.", "Choose the footage again."
        )
    found: dict[int, Path] = {}
    names: dict[tuple[str, str], Path] = {}
    for path in _image_files(folder):
        match = _NUMBER.fullmatch(path.stem)
        if match is None:
            continue
        names.setdefault((match[1], match[3]), path)
        number = _number(match[2], path)
        if number in found:
            raise InputError(
                "clip-ambiguous",
                f"{found[number].name} and {path.name} in {folder} have the same number.",
                "Keep one sequence of images in the folder.",
            )
        found[number] = path
    if len(names) > 1:
        one, two = list(names.values())[:2]
        raise InputError(
            "clip-ambiguous",
            f"{folder} holds more than one sequence of images ({one.name} and {two.name}).",
            "Keep one sequence of images in the folder.",
        )
    if not found:
        raise InputError(
            "clip-empty",
            f"{folder} holds no numbered images (png, jpg, webp, tif or bmp).",
            "Name them like frame_0001.png.",
        )
    numbers = tuple(sorted(found))
    images = NumberedImages(folder, tuple(found[n] for n in numbers), numbers)
    _refuse_wide_gaps(images)
    return images


def _image_files(folder: Path) -> list[Path]:
    """Picture files of a folder by name; InputError where one is no plain file."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(
                (entry.name, entry.is_file())
                for entry in entries
                if not entry.name.startswith(".") and Path(entry.name).suffix.lower() in _ENDINGS
            )
    except OSError as error:
        raise InputError(
            "clip-unreadable",
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            "Choose another folder, or allow yourself to read it.",
        ) from None
    for name, plain in listed:
        if not plain and _NUMBER.fullmatch(Path(name).stem):
            raise InputError(
                "clip-unreadable",
                f"{name} in {folder} is no plain file (a folder, a pipe, or a link to nothing).",
                "Keep only the clip's images in the folder.",
            )
    return [folder / name for name, _ in listed]


def _number(digits: str, path: Path) -> int:
    shown = digits.lstrip("0")
    if len(shown) > _MOST_DIGITS:
        raise InputError(
            "clip-numbers",
            f"The number in the name of {path.name} has {len(shown)} digits; that is no frame's "
            f"number.",
            "Number the images 1, 2, 3 and so on.",
        )
    return int(digits)


def _refuse_wide_gaps(images: NumberedImages) -> None:
    missing = images.missing_count()
    if missing <= _MOST_MISSING:
        return
    pairs = enumerate(itertools.pairwise(images.numbers))
    place, _ = max(pairs, key=lambda pair: pair[1][1] - pair[1][0])
    before, after = images.files[place].name, images.files[place + 1].name
    raise InputError(
        "clip-numbers",
        f"{missing} numbers are missing among the {len(images.files)} images in {images.folder}, "
        f"most of them between {before} and {after}; they are not numbered by frame.",
        "Number the images 1, 2, 3 and so on, or move stray ones away.",
    )
