"""Folders of numbered images: sorted by number, gaps and mixed sizes found before work starts."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import levels
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import open_plain

_AGAIN = "Render or copy that image again."
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM")
"""Kinds that hold their picture themselves, whatever the name says; PostScript is a program."""
_NUMBER = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_MOST_DIGITS = 15
_MOST_MISSING = 50_000
"""Longer numbers and wider gaps are no frame numbers (clocks, serial numbers, stray files)."""
_ORIENTATION_TAG = 0x0112
_NOT_THE_FILE = (errno.EACCES, errno.EPERM, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""Errors that say nothing about the file's contents."""
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


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """A Pillow picture whose header was read; InputError where the file is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        with open_plain(path) as file:
            try:
                picture = Image.open(file, formats=_FORMATS)
            except UnidentifiedImageError:
                picture = levels.decode_tiff(file)
                if picture is None:
                    raise
            with picture:
                yield picture
    except UnidentifiedImageError:
        raise InputError(
            "clip-damaged", f"The image {path} cannot be read: it is no picture.", _AGAIN
        ) from None
    except OSError as error:
        if error.errno in _NOT_THE_FILE:
            raise
        raise _damaged(path, error) from None
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or error
    return InputError("clip-damaged", f"The image {path} is damaged or cut off: {reason}.", _AGAIN)


def _shown_size(picture: Any) -> tuple[int, int]:
    """(width, height) after the rotation that the file asks for."""
    width, height = picture.size
    turned = picture.getexif().get(_ORIENTATION_TAG, 1) >= 5
    return (height, width) if turned else (width, height)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) as shown, from the file's header alone."""
    with _open(path) as picture:
        return _shown_size(picture)


def intact_size(path: Path) -> tuple[int, int] | None:
    """(width, height) of a PNG whose data is whole (its checksums are right); else None.

    Much cheaper than decoding it.
    """
    try:
        with _open(path) as picture:
            size: tuple[int, int] = picture.size
            picture.verify()
            return size
    except InputError:
        return None


@dataclass(frozen=True)
class Headers:
    """What the headers of a clip's images say."""

    size: tuple[int, int]
    """The (width, height) that all of them share."""
    transparent: Path | None
    """The first image with transparency."""


def read_headers(files: Iterable[Path]) -> Headers:
    """Look at every image's header; InputError naming the first file of another size."""
    size: tuple[int, int] | None = None
    first: Path | None = None
    transparent: Path | None = None
    for path in files:
        with _open(path) as picture:
            this = _shown_size(picture)
            if transparent is None and (
                "A" in picture.getbands() or "transparency" in picture.info
            ):
                transparent = path
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
    return Headers(size, transparent)


def check_sizes(files: Iterable[Path]) -> tuple[int, int]:
    """The one size all files share; InputError naming the first file of another size."""
    return read_headers(files).size


def read_image(path: Path) -> NDArray[np.uint8]:
    """One image as RGB uint8 [height, width, 3].

    EXIF rotation applied, transparency dropped (colours as stored), other depths brought to 8
    bits. Raises InputError naming the file where it is damaged or cut off.
    """
    from PIL import ImageOps

    with _open(path) as picture:
        grey = levels.grey_of(picture)
        if grey is not None:
            turned = np.asarray(ImageOps.exif_transpose(_with_tags(grey, picture)))
            return np.repeat(turned[..., None], 3, axis=2)
        return np.array(ImageOps.exif_transpose(picture).convert("RGB"), dtype=np.uint8)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """One mask picture as uint8 [height, width]; a file with transparency still gives its grey."""
    from PIL import ImageOps

    with _open(path) as picture:
        grey = levels.grey_of(picture)
        if grey is not None:
            return np.array(ImageOps.exif_transpose(_with_tags(grey, picture)), dtype=np.uint8)
        upright = ImageOps.exif_transpose(picture)
        return np.array(upright.convert("RGB").convert("L"), dtype=np.uint8)


def _with_tags(grey: NDArray[np.uint8], picture: Any) -> Any:
    """A Pillow picture of other values with the rotation mark of `picture`."""
    from PIL import Image

    made = Image.fromarray(grey)
    made.getexif()[_ORIENTATION_TAG] = picture.getexif().get(_ORIENTATION_TAG, 1)
    return made
