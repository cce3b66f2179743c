"""What of the actor no frame shows, said before he is drawn."""

from __future__ import annotations

import numpy as np

from mf_backend.body.bones import in_picture
from mf_backend.body.person import PersonModel
from mf_backend.body.surfaces.names import ARMS, LEGS, SURFACE, Surface
from mf_backend.contracts.progress import Reporter

_JOINTS = slice(1, 3)
"""Of a limb's points: elbow and wrist, or knee and ankle."""


def warn_of_unseen(model: PersonModel, size: tuple[int, int], reporter: Reporter) -> None:
    """Name the limbs that the target shows and no frame of the clip does.

    `size` is (width, height) of the model's pictures.
    """
    mirrored: list[str] = []
    continued: list[str] = []
    for limb in (*ARMS, *LEGS):
        if not _wanted(model, limb, size) or _shown(model, limb, size):
            continue
        other = SURFACE[limb.mirror]
        (mirrored if _shown(model, other, size) else continued).append(limb.words)
    if mirrored:
        reporter.warn(
            "preview-mirrored",
            f"No frame shows the whole {_list(mirrored)}; what is missing comes from the other "
            "side.",
        )
    if continued:
        reporter.warn(
            "preview-continued",
            f"No frame shows the whole {_list(continued)}; what is missing is continued from what "
            "is seen.",
        )


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _wanted(model: PersonModel, limb: Surface, size: tuple[int, int]) -> bool:
    """Whether a joint of a limb lies in the picture in some target frame."""
    points = model.target.points[model.target.present][:, list(limb.points[_JOINTS])]
    return bool(in_picture(points, size).any())


def _shown(model: PersonModel, limb: Surface, size: tuple[int, int]) -> bool:
    """Whether some frame shows every joint of a limb that the target shows in some frame."""
    joints = np.array(limb.points[_JOINTS])
    target = model.target.points[model.target.present]
    wanted = joints[in_picture(target[:, joints], size).any(0)]
    source = model.source.points[model.candidates][:, wanted]
    seen = model.source.seen[model.candidates][:, wanted] & in_picture(source, size)
    return bool(seen.all(1).any())
