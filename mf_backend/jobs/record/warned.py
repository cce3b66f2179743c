"""Which stage warned of what, so that a stage made from other things takes its warnings along."""

from __future__ import annotations

from typing import Any


class Warned:
    """The warnings of each stage, with the hash of what it was made from then."""

    def __init__(self, plain: Any = None) -> None:
        self._stages: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        try:
            for stage, (key, warnings) in dict(plain or {}).items():
                said = [(str(code), str(text)) for code, text in warnings]
                self._stages[str(stage)] = (str(key), said)
        except (TypeError, ValueError):
            # A state that was tampered with: what is still true is said again by the work.
            self._stages.clear()

    def enter(self, stage: str, key: str) -> list[tuple[str, str]]:
        """A stage's turn has come: what it warned of when it was made from the same things.

        What it warned of when made from others is forgotten.
        """
        known, warnings = self._stages.get(stage, ("", []))
        self._stages[stage] = (key, warnings if known == key else [])
        return list(self._stages[stage][1])

    def add(self, stage: str, code: str, message: str) -> None:
        """A stage warns."""
        warnings = self._stages.setdefault(stage, ("", []))[1]
        if (code, message) not in warnings:
            warnings.append((code, message))

    def plain(self) -> dict[str, Any]:
        """As state.json holds it."""
        return {
            stage: [key, [list(warning) for warning in warnings]]
            for stage, (key, warnings) in self._stages.items()
        }
