"""The options that say how a take is made, over the settings saved in the file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from mf_backend.contracts.checks.build import rule_of
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import (
    Alignment,
    PlateFit,
    Quality,
    Sampler,
    Settings,
    Shadow,
    Solver,
)


def _checked(name: str) -> Callable[[str], Any]:
    """Reads an option by the rule of the job's setting of that name."""
    option = "click" if name == "clicks" else name.replace("_", "-")
    rule, field = rule_of(Settings, name), Field(f"--{option}")

    def read(text: str) -> Any:
        try:
            return rule.parse(text, field)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Engine, fit, quality, memory, and the user's own files."""
    add = parser.add_argument
    add("--engine", metavar="NAME", help="preview, motionfollower or sample")
    add("--alignment", choices=[str(Alignment.FIT), str(Alignment.MATCHED)])
    add(
        "--keep-limb-lengths",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="with fit: give each limb the actor's own length",
    )
    add(
        "--outline",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="let the shape of the rig's meshes say where the actor will be, too",
    )
    add(
        "--shadow",
        choices=[str(shadow) for shadow in Shadow],
        help="move the actor's shadow along, or keep it as filmed",
    )
    add("--plate", metavar="PATH", help="your own picture or clip of what is behind the actor")
    add(
        "--plate-fit",
        choices=[str(fit) for fit in PlateFit],
        help="let the plate follow the camera from the first frame on, or take it exactly as it is",
    )
    add("--quality", choices=[str(quality) for quality in Quality])
    add("--sampler", choices=[str(sampler) for sampler in Sampler])
    add("--seed", type=int, metavar="N", help="start of the random numbers")
    add("--steps", type=int, metavar="N", help="denoising steps; 0 takes the quality's own")
    add(
        "--solver",
        choices=[str(solver) for solver in Solver],
        help="how one step leads to the next; auto takes the quality's own",
    )
    add(
        "--start-strength",
        type=_checked("start_strength"),
        metavar="N",
        help="how much noise is put on the preview's pictures, from which the painting starts: 1 "
        "starts from noise alone, 0 takes what suits the weights",
    )
    add(
        "--guidance",
        type=_checked("guidance"),
        metavar="N",
        help="how strongly background and actor are held to the footage; 0 switches it off",
    )
    add(
        "--moving-camera",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="hold the background more firmly to the footage, for clips whose camera moves",
    )
    add_actor_options(parser)
    add("--memory", choices=["auto", "6", "8", "12", "24"])
    add(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="compile the diffusion engine's layers before the first step",
    )
    add(
        "--tuned",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="paint with what the engine learnt of this footage, where it was tuned to it",
    )
    add("--adapter", metavar="FILE", help="a file of that kind from elsewhere (train --tune)")
    add("--device", metavar="NAME", help="as `python -m mf_backend doctor` names it")
    add("--weights", metavar="DIR", help="folder of the imported weights")
    add("--source-masks", metavar="DIR", help="your own masks of the actor")
    add("--source-poses", metavar="DIR", help="your own skeleton pictures of the actor")
    add("--source-joints", metavar="FILE", help="your own joints of the actor (npz)")
    add("--target-masks", metavar="DIR", help="masks of where the actor will be")


def add_actor_options(parser: argparse.ArgumentParser) -> None:
    """Who the actor is, and how far his masks reach."""
    add = parser.add_argument
    add(
        "--widen-mask",
        type=_checked("widen_mask"),
        metavar="PX",
        help="widen the masks of the actor by so many pixels (at a size of 512)",
    )
    add(
        "--person",
        type=_checked("person"),
        metavar="F,X,Y",
        help="who the actor is: at this point (or in the box F,X0,Y0,X1,Y1) of frame F, from 0; "
        "else who was chosen in FILE",
    )
    add(
        "--click",
        type=_checked("clicks"),
        action="extend",
        dest="clicks",
        metavar="F,X,Y",
        help="the same by a point on frame F of the whole clip, whichever frames are used; may be "
        "given for several frames",
    )
