"""What is filmed: one person in one set, before one camera, doing two things."""

from __future__ import annotations

from dataclasses import dataclass, field

from film.people.looks import Colour
from film.people.person import Person
from film.places.cameras import Shooting


@dataclass(frozen=True)
class Action:
    """A move by name with its speed, phase (in rounds) and amount, each about 1.

    A name that ends with .bvh is a file of motion capture; its phase says where in it.
    """

    move: str
    speed: float = 1.0
    phase: float = 0.0
    amount: float = 1.0
    start: tuple[float, float] = (0.0, 0.0)
    """Metres by which it begins to the left and to the front of the person's place."""


@dataclass(frozen=True)
class Held:
    """Something in a hand ("left", "right"), in both ("both") or on the head ("head")."""

    kind: str
    where: str = "right"
    colour: Colour = (0.4, 0.1, 0.05)


@dataclass(frozen=True)
class InFront:
    """Something that stands between camera and actor."""

    kind: str
    x: float = 0.0
    y: float = -1.0


@dataclass(frozen=True)
class Other:
    """Somebody else in the picture, who does the same in both takes."""

    person: Person
    action: Action
    place: tuple[float, float]
    heading: float = 0.0


@dataclass(frozen=True)
class Shot:
    """One shot. Sizes in pixels (width, height), places in metres, headings in degrees to the left.

    `source` is what the actor does in the footage, `truth` what the same actor does in the same
    shot as the rig asks it.
    """

    name: str
    person: Person
    source: Action
    truth: Action
    size: tuple[int, int] = (512, 512)
    frames: int = 24
    fps: float = 24.0
    place: tuple[float, float] = (0.0, 0.0)
    heading: float = 0.0
    set: str = "street"
    set_seed: int = 0
    light: str = "noon"
    light_turn: float = 30.0
    exposure: float = 0.0
    camera: Shooting = field(default_factory=Shooting)
    held: tuple[Held, ...] = ()
    in_front: InFront | None = None
    other: Other | None = None
    seat: bool = False
    blur: bool = False
    samples: int = 6
