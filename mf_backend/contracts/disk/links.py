"""Links in folders that we write to: what leads out of one is refused, for reading and for writing.

Standard library only: job folders are read by the add-on, too.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mf_backend.contracts.errors import InputError

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""For os.open: a link at the last place of a path is not followed."""


def refuse_links(folder: Path, what: str = "job folder") -> None:
    """Refuse a folder (`what`) that holds a link out of it, a pipe or a device.

    The folder itself may be reached through links. Raises InputError naming what is wrong, and
    where the folder cannot be read.
    """
    root = os.path.realpath(folder)
    waiting = [root]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                waiting += [e.path for e in entries if _is_inner_folder(root, e, what)]
        except FileNotFoundError:
            # What is not there, or no longer, leads nowhere; whoever needs it says so.
            continue
        except OSError as error:
            raise InputError(
                "job-unreadable",
                f"The {what} {folder} cannot be read: {error.strerror or error}.",
                f"Allow yourself to read it, or use another {what}.",
            ) from None


def _is_inner_folder(root: str, entry: os.DirEntry[str], what: str) -> bool:
    """Whether an entry of the folder `root` is a folder to look into.

    Raises InputError where it leads out, or blocks whoever opens it.
    """
    if _is_link(entry):
        _refuse_outside(root, entry.path, what)
        return False
    if entry.is_dir(follow_symlinks=False):
        return True
    if not entry.is_file(follow_symlinks=False):
        raise InputError(
            "job-link",
            f"{os.path.relpath(entry.path, root)} in the {what} {root} is a pipe or a device.",
            f"Remove it, or use another {what}.",
        )
    return False


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Whether an entry stands for another place: a link, or a junction on Windows."""
    if entry.is_symlink() or os.name != "nt":
        return entry.is_symlink()
    attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT)


def _refuse_outside(root: str, link: str, what: str) -> None:
    """Raise InputError where a link in the folder `root` leads out of it."""
    target = os.path.realpath(link)
    if target.startswith(root + os.sep):
        return
    raise InputError(
        "job-link",
        f"{os.path.relpath(link, root)} in the {what} {root} is a link that leads out of it, "
        f"to {target}.",
        f"Put the file or folder itself in its place, or use another {what}.",
    )
