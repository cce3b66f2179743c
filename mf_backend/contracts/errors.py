"""Errors that reach a person: a stable code, one sentence, a hint, and the process's exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes shared by `python -m mf_backend` and `blender --command motionfollower`."""

    DONE = 0
    OTHER = 1
    INPUT = 2
    MISSING = 3
    MEMORY = 4
    CANCELLED = 5
    OUTPUT = 6
    BUSY = 7


class MFError(Exception):
    """Base of all errors meant for a person.

    `code` is stable and machine-readable ("clip-missing"), `message` one clear sentence,
    `hint` what to do next (may be empty).
    """

    exit_code = ExitCode.OTHER

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InputError(MFError):
    """Wrong usage or input; the person can mend it."""

    exit_code = ExitCode.INPUT


class FieldError(InputError):
    """A single value that is wrong; `field` names it as its sentence does."""

    def __init__(self, field: str, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.field = field


class MissingComponentError(MFError):
    """Weights or a library that the chosen work needs are not on this machine."""

    exit_code = ExitCode.MISSING


class MemoryShortError(MFError):
    """The work does not fit, or ran out of memory."""

    exit_code = ExitCode.MEMORY


class CancelledError(MFError):
    """The person cancelled; finished stages are kept."""

    exit_code = ExitCode.CANCELLED

    def __init__(self, message: str = "Cancelled; finished stages are kept.") -> None:
        super().__init__("cancelled", message)


class OutputError(MFError):
    """A result could not be written (disk full, no permission, would overwrite)."""

    exit_code = ExitCode.OUTPUT


class BusyError(MFError):
    """Another process works on the same thing; trying again later may help."""

    exit_code = ExitCode.BUSY
