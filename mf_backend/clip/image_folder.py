"""Folders of numbered images: sorted by number, gaps and mixed sizes found before work starts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

_AGAIN = "Render or copy that image again."
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")
_ORIENTATION_TAG = 0x0112
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
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in _ENDINGS:
            continue
        match = _NUMBER.match(path.stem)
        if match is None:
            continue
        names.setdefault((match[1], match[3]), path)
        number = int(match[2])
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
    return NumberedImages(folder, tuple(found[n] for n in numbers), numbers)


def _open(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            "clip-damaged", f"The image {path} cannot be read: {error}.", _AGAIN
        ) from None


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) as shown, from the file's header alone."""
    with _open(path) as picture:
        width, height = picture.size
        try:
            turned = picture.getexif().get(_ORIENTATION_TAG, 1) >= 5
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(
                "clip-damaged", f"The image {path} is damaged or cut off: {error}.", _AGAIN
            ) from None
    return (height, width) if turned else (width, height)


def intact_size(path: Path) -> tuple[int, int] | None:
    """(width, height) of a PNG whose data is whole (its checksums are right); else None.

    Much cheaper than decoding it.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            size: tuple[int, int] = picture.size
            picture.verify()
            return size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def has_alpha(path: Path) -> bool:
    """Whether the image file carries transparency."""
    with _open(path) as picture:
        return "A" in picture.getbands() or "transparency" in picture.info


def check_sizes(files: Iterable[Path]) -> tuple[int, int]:
    """The one size all files share; InputError naming the first file of another size."""
    size: tuple[int, int] | None = None
    first: Path | None = None
    for path in files:
        this = image_size(path)
        if size is None:
            size, first = this, path
        elif this != size and first is not None:
            raise InputError(
                "clip-mixed-sizes",
                f"{path.name} is {this[0]}x{this[1]} pixels, but {first.name} is "
                f"{size[0]}x{size[1]}, in {path.parent}.",
                "All images of a clip must have one size.",
            )
    if size is None:
        raise InputError("clip-empty", "There are no images to read.")
    return size


def read_image(path: Path) -> NDArray[np.uint8]:
    """One image as RGB uint8 [height, width, 3].

    EXIF rotation applied, transparency dropped (colours as stored), 16 bits brought to 8.
    Raises InputError naming the file where it is damaged or cut off.
    """
    from PIL import ImageOps

    with _open(path) as picture:
        try:
            picture = ImageOps.exif_transpose(picture)
            if picture.mode.startswith("I"):
                grey = np.asarray(picture).astype(np.int64) >> 8
                grey8 = np.clip(grey, 0, 255).astype(np.uint8)
                return np.repeat(grey8[..., None], 3, axis=2)
            return np.array(picture.convert("RGB"), dtype=np.uint8)
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(
                "clip-damaged", f"The image {path} is damaged or cut off: {error}.", _AGAIN
            ) from None


def read_grey(path: Path) -> NDArray[np.uint8]:
    """One mask picture as uint8 [height, width]; a file with transparency still gives its grey."""
    from PIL import ImageOps

    with _open(path) as picture:
        try:
            picture = ImageOps.exif_transpose(picture)
            if picture.mode.startswith("I"):
                return np.clip(np.asarray(picture).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
            return np.array(picture.convert("RGB").convert("L"), dtype=np.uint8)
        except (OSError, ValueError, SyntaxError) as error:
            raise InputError(
                "clip-damaged", f"The image {path} is damaged or cut off: {error}.", _AGAIN
            ) from None
