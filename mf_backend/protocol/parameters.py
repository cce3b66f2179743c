"""What each request may say: its parameters as dataclasses, checked by the rules of job.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from mf_backend.contracts.checks.build import Part, build, ruled
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.paths import PathText, Rooted
from mf_backend.contracts.checks.rules import Choice, Text, Whole
from mf_backend.contracts.errors import FieldError
from mf_backend.contracts.request import FPS, MOST_FRAMES, ClipKind, Settings
from mf_backend.protocol.messages import Method

_LARGEST_SIDE = 1_000_000
MOST_TUNING_STEPS = 1_000_000
T = TypeVar("T")


class ParameterError(FieldError):
    """A request's parameter that is wrong; answered with INVALID_PARAMS."""


@dataclass(frozen=True)
class ClipProbe:
    """Parameters of `clip/probe`."""

    path: str = ruled(PathText())
    fps: float = ruled(FPS, 0.0)


@dataclass(frozen=True)
class JobRun:
    """Parameters of `job/run`."""

    folder: str = ruled(PathText())


@dataclass(frozen=True)
class JobCancel:
    """Parameters of `job/cancel`."""

    id: str = ruled(Text())


@dataclass(frozen=True)
class ActorAnalyse:
    """Parameters of `actor/analyse`; the id is the client's choice."""

    id: str = ruled(Text(longest=200, shortest=1))
    path: str = ruled(PathText(Rooted.ABSOLUTE))
    kind: ClipKind = ruled(Choice.of(ClipKind))
    actors: str = ruled(PathText(Rooted.ABSOLUTE))
    first: int = ruled(Whole(0, MOST_FRAMES), 0)
    count: int = ruled(Whole(0, MOST_FRAMES), 0)
    fps: float = ruled(FPS, 0.0)
    settings: Settings = ruled(Part(Settings), make=Settings)


@dataclass(frozen=True)
class ActorTune(ActorAnalyse):
    """Parameters of `actor/tune`; 0 steps stand for the recipe's own."""

    steps: int = ruled(Whole(0, MOST_TUNING_STEPS), 0)


@dataclass(frozen=True)
class FramePreview:
    """Parameters of `frame/preview`; `index` counts from 0."""

    folder: str = ruled(PathText())
    index: int = ruled(Whole(0, MOST_FRAMES))


@dataclass(frozen=True)
class MemoryQuestion:
    """Parameters of `memory/need`; sides in pixels, `count` in frames."""

    engine: str = ruled(Text(200, 1))
    width: int = ruled(Whole(1, _LARGEST_SIDE))
    height: int = ruled(Whole(1, _LARGEST_SIDE))
    count: int = ruled(Whole(1, MOST_FRAMES))
    settings: Settings = ruled(Part(Settings), make=Settings)


def read_params(cls: type[T], method: Method, params: dict[str, Any]) -> T:
    """A request's parameters. Raises ParameterError naming the first that is missing or wrong."""
    # null stands for what is not given.
    given = {name: value for name, value in params.items() if value is not None}
    try:
        return build(cls, given, Field("", str(method)))
    except FieldError as error:
        raise ParameterError(error.field, error.code, error.message, error.hint) from None
