"""The commands of `blender --command motionfollower`, one file each.

To add one: write a file here that ends in a COMMAND, like render.py, and name it in COMMANDS.
The file adds the command's options and runs it; ../command_line.py does what all have in common.
"""

from __future__ import annotations

from . import analyse, bring_in, prepare, render, skeletons, submit, tune

COMMANDS = (
    render.COMMAND,
    analyse.COMMAND,
    tune.COMMAND,
    skeletons.COMMAND,
    prepare.COMMAND,
    bring_in.COMMAND,
    submit.COMMAND,
)
