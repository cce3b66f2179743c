"""Pictures that a person painted, taken as mask layers of an actor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mf_backend.actor.mends.mask_file import LayerPictures, put_layers, remove_layer
from mf_backend.actor.mends.mask_layers import MaskLayer, MaskRole
from mf_backend.clip import Clip, image_folder, picture_file
from mf_backend.clip.writer import png_bytes
from mf_backend.contracts.errors import InputError


@dataclass(frozen=True)
class Painted:
    """A folder of pictures, numbered as the clip's frames are from 0, or one picture for all."""

    role: MaskRole
    path: Path

    def check(self, clip: Clip) -> None:
        """Refuse what is no mask of this clip. Raises InputError."""
        if not self.path.exists():
            raise InputError(
                "mask-missing",
                f"There is no picture and no folder {self.path} (masks to {self.role}).",
                "Give a folder of numbered pictures, or one picture.",
            )
        whole = clip.info.count
        for number, file in self._files(range(1)):
            if number >= whole:
                raise InputError(
                    "mask-outside",
                    f"{file} is for frame {number}, but the clip's frames are 0 to {whole - 1}.",
                    "Number the pictures as the clip's frames are, from 0.",
                )
            found = picture_file.image_size(file)
            if found != clip.size:
                raise InputError(
                    "mask-size",
                    f"The mask {file} is {found[0]}x{found[1]} pixels, but the clip is "
                    f"{clip.size[0]}x{clip.size[1]}.",
                    "Make it at the clip's own size.",
                )

    def layer(self, mends: Path, size: tuple[int, int], frames: range) -> MaskLayer:
        """Copy the pictures into a folder of mends; one picture is for all of `frames`.

        Raises InputError where they are all black, OutputError where the disk refuses.
        """
        kept = LayerPictures(mends, self.path.name, self.role, size)
        png: dict[Path, bytes] = {}
        for number, file in self._files(frames):
            if file not in png:
                picture = picture_file.read_grey(file)
                png = {file: png_bytes(picture) if picture.any() else b""}
            if png[file]:
                kept.add(number, png[file])
        layer = kept.layer()
        if layer is None:
            raise InputError(
                "mask-empty",
                f"The masks in {self.path} are black everywhere.",
                "Paint white what they are for.",
            )
        return layer

    def _files(self, frames: range) -> Iterator[tuple[int, Path]]:
        """Frames of the whole clip with their pictures, ascending."""
        if self.path.is_dir():
            images = image_folder.scan(self.path)
            yield from zip(images.numbers, images.files, strict=True)
            return
        for frame in frames:
            yield frame, self.path


@dataclass(frozen=True)
class MaskChanges:
    """What becomes of an actor's mask layers: some new, each in place of the one of its name and
    role, and some taken away by their ids."""

    painted: Sequence[Painted] = ()
    removed: Sequence[str] = ()

    def check(self, clip: Clip) -> None:
        """Refuse what cannot be done, as far as pictures go. Raises InputError."""
        for one in self.painted:
            one.check(clip)

    def make(self, mends: Path, size: tuple[int, int], frames: range) -> None:
        """Do it. Raises InputError and OutputError; the list then is as it was, or shorter."""
        for identity in self.removed:
            remove_layer(mends, identity)
        if self.painted:
            put_layers(mends, [one.layer(mends, size, frames) for one in self.painted])


NO_CHANGES = MaskChanges()
