"""Options with which a person mends an actor's masks by pictures."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mf_backend.actor.mends.mask_layers import MaskRole
from mf_backend.cli.options import add_path

if TYPE_CHECKING:
    from mf_backend.jobs.analysis.layers.painted import MaskChanges

_ROLES = (
    ("--add", MaskRole.ADD, "what they show white is the actor's"),
    ("--cut", MaskRole.CUT, "what they show white is not the actor's"),
    ("--in-front", MaskRole.FRONT, "what they show white is in front of the actor and stays"),
    ("--in-right-hand", MaskRole.RIGHT_HAND, "what they show white moves with the right hand"),
    ("--in-left-hand", MaskRole.LEFT_HAND, "what they show white moves with the left hand"),
)


def add_layer_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for each role, and --remove-mask."""
    group = parser.add_argument_group(
        "masks of your own",
        "DIR holds pictures numbered as the clip's frames are, from 0, only of frames that need "
        "one; it may be a single picture for all frames. Kept with the actor for all takes.",
    )
    for name, role, text in _ROLES:
        add_path(group, name, action="append", default=[], metavar="DIR", dest=str(role), help=text)
    group.add_argument(
        "--remove-mask",
        action="append",
        default=[],
        metavar="ID",
        help="take such masks away again, by the id that is printed",
    )


def changes_of(args: argparse.Namespace) -> MaskChanges:
    """What these options ask for."""
    from mf_backend.jobs.analysis.layers.painted import MaskChanges, Painted

    painted = [
        Painted(role, path.absolute()) for _, role, _ in _ROLES for path in vars(args)[str(role)]
    ]
    return MaskChanges(tuple(painted), tuple(args.remove_mask))
