"""Options that are checked as they are read, by the rules that job.json and messages keep to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.paths import PathText
from mf_backend.contracts.checks.rules import Rule


def add_actions(parser: Any, dest: str) -> Callable[[str, str], argparse.ArgumentParser]:
    """Give a command actions, each with --json; returns what adds one by name and line of help."""
    actions = parser.add_subparsers(dest=dest, metavar="ACTION", required=True)

    def add_action(name: str, text: str) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print one JSON object")
        return sub

    return add_action


def add_checked(parser: Any, name: str, rule: Rule, **more: Any) -> None:
    """Add an option whose value keeps to `rule`, else FieldError names it; `more` as argparse's."""
    field = Field(more.get("metavar", name) if not name.startswith("-") else name)
    parser.add_argument(name, type=lambda text: rule.parse(text, field), **more)


def add_path(parser: Any, name: str, **more: Any) -> None:
    """Add an option that is a path, existing or not; its value is a Path."""
    field = Field(more.get("metavar", name) if not name.startswith("-") else name)
    parser.add_argument(name, type=lambda text: Path(PathText().parse(text, field)), **more)
