"""Options that say which frames of a clip, who in them, and how he is cut out."""

from __future__ import annotations

import argparse

from mf_backend.actor.masks.estimators import ALWAYS_HERE, DEFAULT, ESTIMATORS
from mf_backend.cli.options import add_checked
from mf_backend.contracts.checks.build import rule_of
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.pointing import Click
from mf_backend.contracts.request import Reference, Settings


def add_actor_options(parser: argparse.ArgumentParser) -> None:
    """Add --person, --click, --mask-estimator and --widen-mask."""
    add_checked(
        parser,
        "--person",
        rule_of(Settings, "person"),
        default=(),
        metavar="F,X,Y",
        help="who to follow: frame,x,y or frame,x0,y0,x1,y1 in pixels (default: the largest)",
    )
    add_checked(
        parser,
        "--click",
        rule_of(Settings, "clicks"),
        action="extend",
        default=[],
        dest="clicks",
        metavar="F,X,Y",
        help="the same by a point on frame F of the whole clip, whichever frames are used; may be "
        "given for several frames",
    )
    add_checked(
        parser,
        "--mask-estimator",
        rule_of(Settings, "mask_estimator"),
        default="",
        metavar="NAME",
        help=_mask_estimators(),
    )
    add_checked(
        parser,
        "--widen-mask",
        rule_of(Settings, "widen_mask"),
        default=Settings().widen_mask,
        metavar="PX",
        help="widen the masks of the actor by so many pixels (at a size of 512); "
        f"{Settings().widen_mask:g} where not given",
    )


def clicks_of(args: argparse.Namespace) -> tuple[Click, ...]:
    """What --click said, all together. Raises FieldError where two are on one frame."""
    clicks: tuple[Click, ...] = rule_of(Settings, "clicks").read(args.clicks, Field("--click"))
    return clicks


def add_range_options(parser: argparse.ArgumentParser) -> None:
    """Add --first, --count and --fps."""
    for name, text in (
        ("first", "first frame of the clip to use"),
        ("count", "number of frames (0: to the end)"),
        ("fps", "rate of a folder of images (0: 24)"),
    ):
        rule = rule_of(Reference, name)
        add_checked(parser, f"--{name}", rule, default=0, metavar="N", help=text)


def _mask_estimators() -> str:
    """The names that --mask-estimator takes, and where the models of some come from."""
    *names, last = (
        f"{name} (the default)" if name == DEFAULT else name for name in ESTIMATORS.names()
    )
    fetched = [name for name in ESTIMATORS.ours if name not in ALWAYS_HERE]
    text = (
        f"{', '.join(names)} or {last}; `weights list` says where {' and '.join(fetched)} come from"
    )
    # argparse takes a percent sign for a placeholder.
    return text.replace("%", "%%")
