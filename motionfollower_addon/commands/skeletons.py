"""`skeletons`: only what the rig says, without a backend."""

from __future__ import annotations

import argparse
from typing import TextIO

from ..core.job.order import Goal, Order
from .base import Command
from .shot_options import add_shot_options
from .shots import run_shots


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    return run_shots(arguments, out, Order(Goal.SKELETONS))


COMMAND = Command(
    "skeletons", "only draw the target skeletons, as pictures and joints", add_shot_options, _run
)
