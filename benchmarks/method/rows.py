"""The rows of the table: the engine's usual way, and what is changed about it one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mf_backend.contracts.errors import InputError
from mf_backend.sampler.options import SamplerOptions, Solver

LONG_STEPS = 10
"""Of rows over many frames, where only the windows' ends matter."""


class Group(StrEnum):
    """Rows that are about one thing."""

    GUIDANCE = "guidance"
    REPLAYS = "replays"
    CFG = "cfg"
    CAMERA = "camera"
    MENDS = "mends"
    STEPS = "steps"
    SOLVERS = "solvers"
    START = "start"
    WINDOWS = "windows"


@dataclass(frozen=True)
class Row:
    """One way of sampling. `group` is None for the one that the others are compared with."""

    name: str
    group: Group | None
    options: SamplerOptions

    @property
    def file_name(self) -> str:
        """Its name with nothing in it that a file's may not have."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-")

    @property
    def long(self) -> bool:
        """Whether it is about clips longer than a window."""
        return self.group is Group.WINDOWS


def _usual(**changes: object) -> SamplerOptions:
    return SamplerOptions.default(**changes)


def _draft(solver: Solver, steps: int, **changes: object) -> SamplerOptions:
    return SamplerOptions.draft(solver=solver, steps=steps, **changes)


def all_rows() -> list[Row]:
    """Every row, in the table's order."""
    rows = [Row("usual: DDIM, 50 steps", None, _usual())]
    guided = {"guidance off": 0.0, "guidance 1": 1.0, "guidance 2": 2.0, "guidance 8": 8.0}
    rows += [
        Row(name, Group.GUIDANCE, _usual(energy_scale=scale)) for name, scale in guided.items()
    ]
    rows.append(Row("no replays", Group.REPLAYS, _usual(replaying=False)))
    rows += [Row(f"CFG {scale:g}", Group.CFG, _usual(cfg=scale)) for scale in (1.0, 2.0, 4.0, 12.0)]
    rows.append(Row("camera injection", Group.CAMERA, _usual(moving_camera=True)))
    rows += [
        Row(name, Group.MENDS, options)
        for name, options in (
            ("masked keys stay", _usual(moving_camera=True, remove_masked_keys=False)),
            ("phases by step, 25 steps", _usual(steps=25, phases_as_fractions=False)),
            ("as released, own features", SamplerOptions.released(denoiser_features=True)),
        )
    ]
    rows += [Row(f"DDIM, {n} steps", Group.STEPS, _usual(steps=n)) for n in (25, 10, 4)]
    rows += [
        Row(f"{_said(solver)}, {n} steps, no replays", Group.SOLVERS, _draft(solver, n))
        for n in (20, 10, 8, 4)
        for solver in Solver
    ]
    rows += [
        Row(f"start {strength:g}", Group.START, _usual(start_strength=strength))
        for strength in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
    ]
    rows += [
        Row(
            f"UniPC, 10 steps, start {strength:g}",
            Group.START,
            _draft(Solver.UNIPC, 10, start_strength=strength),
        )
        for strength in (0.8, 0.6, 0.4, 0.2)
    ]
    rows += [
        Row(
            f"windows overlap by {overlap}",
            Group.WINDOWS,
            _draft(Solver.DPM_SOLVER_2M, LONG_STEPS, window_overlap=overlap),
        )
        for overlap in (0, 4, 8, 16)
    ]
    return rows


def chosen_rows(groups: tuple[Group, ...]) -> list[Row]:
    """The rows of these groups (all for none) after the usual one, where one of them needs it."""
    rows = [row for row in all_rows() if not groups or row.group is None or row.group in groups]
    return [row for row in rows if row.long] if groups == (Group.WINDOWS,) else rows


def named_rows(names: Sequence[str]) -> list[Row]:
    """The rows of these names, in the table's order. Raises InputError for one that is none."""
    known = {row.name: row for row in all_rows()}
    for name in names:
        if name not in known:
            raise InputError(
                "method-rows",
                f"There is no row {name!r}.",
                f"Choose from: {'; '.join(known)}.",
            )
    return [row for row in known.values() if row.name in names]


def read_groups(text: str) -> tuple[Group, ...]:
    """Names with commas between them. Raises InputError for one that is none."""
    try:
        return tuple(Group(name) for name in text.split(","))
    except ValueError:
        raise InputError(
            "method-rows",
            f"{text!r} names rows that there are not.",
            f"Choose from {', '.join(Group)}, with commas between them.",
        ) from None


def _said(solver: Solver) -> str:
    return {
        Solver.DDIM: "DDIM",
        Solver.DPM_SOLVER_2M: "DPM-Solver++",
        Solver.UNIPC: "UniPC",
    }[solver]
