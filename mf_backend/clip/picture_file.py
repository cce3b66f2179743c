"""One picture file: its size, its transparency, and its pixels as upright 8-bit RGB or grey."""

from __future__ import annotations

import errno
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
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM")
"""Kinds that hold their picture themselves, whatever the name says; PostScript is a program."""
_ORIENTATION_TAG = 0x0112
_NOT_THE_FILE = (errno.EACCES, errno.EPERM, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""Errors that say nothing about the file's contents."""


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
