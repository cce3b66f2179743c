"""Bringing the values of picture files (whole numbers of any width, floats) to 8 bits."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_TIFF_BITS, _TIFF_FORMAT = 258, 339
"""Tags BitsPerSample and SampleFormat of TIFF 6.0."""
_SIGNED = 2
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def from_floats(values: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 of float samples of any shape: 0..1 becomes 0..255, what lies outside is clipped.

    Programs that store 8-bit pictures as floats leave whole numbers up to 255; those stay.
    """
    values = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    levels = 1.0 < top <= 255.0 and bool((values == np.rint(values)).all())
    scaled = values if levels else values * 255.0
    result: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return result


def from_integers(values: NDArray[Any], bits: int, signed: bool) -> NDArray[np.uint8]:
    """uint8 of whole numbers of `bits` bits; signed ones use their upper half."""
    wide = values.astype(np.int64)
    if not signed:  # Pillow hands 32 bits over as signed ones
        wide &= (1 << bits) - 1
    shift = bits - 8 - (1 if signed else 0)
    return np.clip(wide >> max(shift, 0), 0, 255).astype(np.uint8)


def decode_tiff(file: BinaryIO) -> Any:
    """A Pillow picture of 8 bits of a TIFF whose samples Pillow does not know (colours in floats);
    None where the file is no such TIFF. Raises ValueError where its data is damaged."""
    import cv2
    from PIL import Image

    file.seek(0)
    if file.read(4) not in _TIFF_STARTS:
        return None
    file.seek(0)
    try:
        values = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError(error.err) from None
    if values is None:
        raise ValueError("its samples cannot be decoded")
    if values.dtype.kind == "f":
        picture = from_floats(values)
    else:
        picture = from_integers(values, values.dtype.itemsize * 8, values.dtype.kind == "i")
    if picture.ndim == 3:  # OpenCV has blue first
        picture = np.ascontiguousarray(picture[..., [2, 1, 0, 3][: picture.shape[2]]])
    return Image.fromarray(picture)


def grey_of(picture: Any) -> NDArray[np.uint8] | None:
    """uint8 [height, width] of a Pillow picture in an integer or float mode; None for others."""
    if picture.mode == "F":
        return from_floats(np.asarray(picture))
    if not picture.mode.startswith("I"):
        return None
    values = np.asarray(picture)
    # Pillow brings all but plain 16 bits to 32; only the file says what its numbers reach to.
    tags = getattr(picture, "tag_v2", None) or {}
    bits = (tags.get(_TIFF_BITS) or (16,))[0]
    signed = (tags.get(_TIFF_FORMAT) or (1,))[0] == _SIGNED
    return from_integers(values, int(bits), signed)
