"""Actors of one clip: each person who was followed in it has a folder of his own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mf_backend.actor.store.about import DamagedActorError, read_about
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.errors import InputError


def actors_of(root: Path, clip_sha256: str) -> tuple[ActorFolder, ...]:
    """The analysed actors of a clip below a folder of actors, by the names of their folders.

    Damaged ones, those of other versions, and those with links in them are left out.
    """
    found: list[ActorFolder] = []
    try:
        folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    except OSError:
        # No folder of actors is one without actors.
        return ()
    for folder in folders:
        actor = ActorFolder(folder)
        with suppress(DamagedActorError, InputError, OSError):
            refuse_links(folder, "actor store")
            about = read_about(actor.about)
            if about is not None and about.clip.get("sha256") == clip_sha256:
                found.append(actor)
    return tuple(found)


def same_clip(actor: ActorFolder, clip_sha256: str) -> tuple[ActorFolder, ...]:
    """The other actors of an actor's clip, beside it."""
    everybody = actors_of(actor.path.parent, clip_sha256)
    return tuple(other for other in everybody if other.path != actor.path)
