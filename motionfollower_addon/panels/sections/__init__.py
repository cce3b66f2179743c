"""The sections of the sidebar, one file each, in the order of the work.

To add one: write a file here that ends in a SECTION, like its siblings, and name it in SECTIONS.
Settings that it wants kept are a group in ../properties, named there in MF_PG_settings.
"""

from __future__ import annotations

from . import actor, bones, fit, footage, motion, quality, render, takes

SECTIONS = (
    footage.SECTION,
    actor.SECTION,
    motion.SECTION,
    bones.SECTION,
    fit.SECTION,
    quality.SECTION,
    render.SECTION,
    takes.SECTION,
)
