"""The options that say how a take is made, over the settings saved in the file."""

from __future__ import annotations

import argparse

from mf_backend.contracts.request import Alignment, Quality, Sampler


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Engine, fit, quality, memory, and the user's own files."""
    add = parser.add_argument
    add("--engine", metavar="NAME", help="preview or motionfollower")
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
    add("--quality", choices=[str(quality) for quality in Quality])
    add("--sampler", choices=[str(sampler) for sampler in Sampler])
    add("--seed", type=int, metavar="N", help="start of the random numbers")
    add("--steps", type=int, metavar="N", help="denoising steps; 0 takes the quality's own")
    add("--memory", choices=["auto", "6", "8", "12", "24"])
    add(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="compile the diffusion engine's layers before the first step",
    )
    add("--device", metavar="NAME", help="as `python -m mf_backend doctor` names it")
    add("--weights", metavar="DIR", help="folder of the imported weights")
    add("--source-masks", metavar="DIR", help="your own masks of the actor")
    add("--source-poses", metavar="DIR", help="your own skeleton pictures of the actor")
    add("--source-joints", metavar="FILE", help="your own joints of the actor (npz)")
    add("--target-masks", metavar="DIR", help="masks of where the actor will be")
