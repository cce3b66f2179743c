"""What lies in folders: read whole, compared, and watched for changes that nobody asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

Tree = dict[str, bytes]
"""Contents of files by their path below a folder; links by where they point."""


def read_tree(folder: Path, parts: Sequence[str] = ("",)) -> Tree:
    """Every file below `folder`, or below some `parts` of it. Links are not followed."""
    found: Tree = {}
    for part in parts:
        for base, folders, files in os.walk(folder / part):
            for name in (*folders, *files):
                path = Path(base, name)
                key = path.relative_to(folder).as_posix()
                if path.is_symlink():
                    found[key] = b"link to " + os.fsencode(path.readlink())
                elif path.is_file():
                    found[key] = path.read_bytes()
                elif not path.is_dir():
                    found[key] = b"no plain file"
    return found


def differences(before: Tree, after: Tree) -> list[str]:
    """What was added, taken away or changed, by path."""
    said = [f"{name} is new" for name in sorted(after.keys() - before.keys())]
    said += [f"{name} is gone" for name in sorted(before.keys() - after.keys())]
    both = sorted(before.keys() & after.keys())
    return said + [f"{name} is another" for name in both if before[name] != after[name]]
