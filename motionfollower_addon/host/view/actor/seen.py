"""Who was seen in a clip at all, from every analysis of it that is on disk."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.store.about import ActorAbout, DamagedActorError, read_about
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.actor.store.reading import load_joints
from mf_backend.clip.image_folder import scan
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import ClipKind

from ....core.actor.people import SeenPeople
from ....core.backend.state import ClipFacts


def read_people(actors: Sequence[ActorFolder], clip: Path) -> SeenPeople | None:
    """Everybody on the frames that these actors of one clip were analysed on; None where on none.

    Touches no bpy: a thread reads.
    """
    facts: ClipFacts | None = None
    bodies: dict[int, NDArray[np.float32]] = {}
    for actor in actors:
        try:
            about = read_about(actor.about)
            found = load_joints(actor)
            if about is None or not about.parts:
                continue
            facts = facts_of(about, clip)
        except (MFError, DamagedActorError, OSError, ValueError, KeyError):
            # Its own next analysis says what is wrong with it.
            continue
        # Stores of former versions list only the others.
        everybody = found.get("people")
        if everybody is None:
            everybody = np.concatenate([found["source"][:, None, :18], found["others"]], axis=1)
        for frame, people in zip(found["frames"].tolist(), everybody, strict=True):
            bodies.setdefault(int(frame), people)
    return None if facts is None else SeenPeople(facts, bodies)


def facts_of(about: ActorAbout, clip: Path) -> ClipFacts:
    """What an analysis says of its clip. Raises KeyError or ValueError where it is damaged, and
    InputError where the clip is gone."""
    number, per = about.clip["fps"]
    return ClipFacts(
        kind=ClipKind.IMAGES if clip.is_dir() else ClipKind.VIDEO,
        width=int(about.clip["width"]),
        height=int(about.clip["height"]),
        fps=Fraction(int(number), int(per)),
        count=int(about.clip["count"]),
        has_audio=False,
        variable_rate=False,
        first_number=scan(clip).numbers[0] if clip.is_dir() else 0,
        missing_numbers=(),
    )
