"""What a clip is known by. Standard library only: the add-on notes it when it makes jobs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mf_backend.clip import image_folder
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_file


def hash_clip(path: Path) -> str:
    """SHA-256 of a video's bytes, or of a folder's image names, sizes and contents, as hex."""
    if not path.is_dir():
        if not path.is_file():
            raise InputError(
                "clip-missing", f"The clip {path} does not exist.", "Choose its file again."
            )
        return hash_file(path)
    digest = hashlib.sha256()
    for file in image_folder.scan(path).files:
        line = f"{file.name}\0{file.stat().st_size}\0{hash_file(file)}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
