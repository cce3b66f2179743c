"""Sets by name, each with things of its own behind the actor; `seed` varies colours and places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from film.places.building import Look, ball, box, floor, rod, wall

Random = np.random.Generator


def _shade(
    random: Random, colour: tuple[float, float, float], by: float = 0.25
) -> tuple[float, float, float]:
    red, green, blue = (float(c * random.uniform(1 - by, 1 + by)) for c in colour)
    return (red, green, blue)


def street(random: Random) -> None:
    """A brick house front with windows and a door, a pavement, lamp posts and a bin."""
    brick = _shade(random, (0.34, 0.13, 0.08))
    floor(
        (0, -1, 0),
        30,
        9,
        Look("tiles", _shade(random, (0.34, 0.33, 0.31)), (0.16, 0.16, 0.15), 1.2),
    )
    wall((0, 2.6, 3.0), 30, 6.0, Look("bricks", brick, (0.5, 0.47, 0.42), 1.6))
    box((0, 2.56, 0.2), (30, 0.12, 0.4), Look("rough", (0.3, 0.29, 0.27), (0.22, 0.21, 0.2), 2))
    for x in (-4.2, -1.55, 1.2, 4.0):
        x += float(random.uniform(-0.2, 0.2))
        box((x, 2.55, 1.75), (1.15, 0.10, 1.5), Look("plain", (0.75, 0.74, 0.7)))
        for dx in (-0.27, 0.27):
            box(
                (x + dx, 2.49, 1.75),
                (0.47, 0.02, 1.3),
                Look("plain", (0.03, 0.05, 0.08), rough=0.08),
            )
        box(
            (x, 2.45, 0.95),
            (1.3, 0.22, 0.08),
            Look("rough", (0.5, 0.48, 0.45), (0.4, 0.39, 0.36), 3),
        )
    box(
        (2.65, 2.54, 1.05),
        (0.95, 0.1, 2.1),
        Look("stripes", _shade(random, (0.05, 0.16, 0.12)), (0.03, 0.1, 0.08), 9),
    )
    for x in (-0.75, 3.4):
        pole = Look("plain", (0.03, 0.035, 0.03), rough=0.4)
        rod((x, 1.7, 1.9), 0.05, 3.8, pole)
        rod((x, 1.7, 0.25), 0.11, 0.5, pole, top=0.07)
    box(
        (-2.6, 2.0, 0.45),
        (0.5, 0.45, 0.9),
        Look("plain", _shade(random, (0.03, 0.14, 0.06)), rough=0.4),
    )
    ball(
        (1.9, 2.1, 0.42),
        (0.42, 0.36, 0.44),
        Look("rough", (0.03, 0.10, 0.02), (0.08, 0.2, 0.05), 4),
    )


def room(random: Random) -> None:
    """A living room: planks, papered walls, pictures, a shelf with books, a sofa, a plant."""
    paper = _shade(random, (0.55, 0.55, 0.44))
    darker = (paper[0] * 0.86, paper[1] * 0.86, paper[2] * 0.82)
    floor(
        (0, -1, 0),
        9,
        8,
        Look("planks", _shade(random, (0.36, 0.2, 0.1)), (0.12, 0.06, 0.03), 1.3, 0.45),
    )
    wall((0, 1.9, 1.45), 9, 2.9, Look("stripes", paper, darker, 6))
    wall((-3.6, 0, 1.45), 8, 2.9, Look("plain", paper), turn=1.5707963)
    wall((3.6, 0, 1.45), 8, 2.9, Look("plain", paper), turn=-1.5707963)
    box((0, 1.88, 0.06), (9, 0.03, 0.12), Look("plain", (0.8, 0.78, 0.74)))
    for x, z, wide, high in (
        (-1.3, 1.75, 0.5, 0.65),
        (-0.62, 1.6, 0.36, 0.36),
        (0.1, 1.85, 0.6, 0.4),
    ):
        box((x, 1.87, z), (wide, 0.04, high), Look("plain", _shade(random, (0.16, 0.09, 0.04))))
        paint = (_shade(random, (0.5, 0.3, 0.12), 0.6), _shade(random, (0.1, 0.2, 0.4), 0.6))
        box((x, 1.845, z), (wide - 0.08, 0.02, high - 0.08), Look("rough", *paint, 1.4))
    for z in (0.4, 0.85, 1.3, 1.75):
        box((1.55, 1.72, z), (1.1, 0.28, 0.035), Look("plain", (0.26, 0.16, 0.08)))
        x = 1.05
        while x < 1.95:
            thick, high = float(random.uniform(0.025, 0.06)), float(random.uniform(0.2, 0.32))
            box(
                (x + thick / 2, 1.7, z + 0.02 + high / 2),
                (thick, 0.2, high),
                Look("plain", _shade(random, (0.3, 0.22, 0.18), 0.9)),
            )
            x += thick + float(random.choice([0.004, 0.004, 0.05]))
    for x in (0.98, 2.12):
        box((x, 1.72, 1.0), (0.04, 0.3, 2.0), Look("plain", (0.26, 0.16, 0.08)))
    sofa = Look("rough", _shade(random, (0.10, 0.18, 0.25)), _shade(random, (0.07, 0.13, 0.2)), 6)
    box((-2.2, 1.3, 0.22), (1.5, 0.8, 0.44), sofa)
    box((-2.2, 1.68, 0.55), (1.5, 0.2, 0.7), sofa)
    box((-1.38, 1.3, 0.34), (0.18, 0.8, 0.6), sofa)
    rod((2.75, 1.4, 0.2), 0.14, 0.4, Look("plain", (0.5, 0.2, 0.1)), top=0.18)
    for _ in range(7):
        x, y, z = (float(random.uniform(*ends)) for ends in ((2.55, 2.95), (1.2, 1.6), (0.55, 1.1)))
        ball((x, y, z), (0.14, 0.05, 0.2), Look("plain", _shade(random, (0.04, 0.16, 0.04))))


def studio(random: Random) -> None:
    """A studio: a paper background that rounds into the floor, a stand and coloured panels."""
    paper = Look(
        "rough",
        _shade(random, (0.45, 0.44, 0.43), 0.2),
        _shade(random, (0.42, 0.41, 0.40), 0.2),
        0.3,
    )
    floor((0, -1, 0), 14, 8, paper)
    wall((0, 2.4, 2.5), 14, 5.0, paper)
    for x, colour in ((-2.2, (0.65, 0.12, 0.08)), (2.1, (0.08, 0.25, 0.5))):
        box((x, 2.2, 1.2), (0.8, 0.05, 2.4), Look("plain", _shade(random, colour)), turn=0.2)
    rod((-1.35, 1.9, 1.2), 0.02, 2.4, Look("plain", (0.02, 0.02, 0.02), rough=0.3))
    box((-1.35, 1.85, 2.45), (0.5, 0.3, 0.4), Look("plain", (0.03, 0.03, 0.03)))
    box((1.25, 1.8, 0.25), (0.5, 0.5, 0.5), Look("checker", (0.75, 0.75, 0.72), (0.1, 0.1, 0.1), 6))


def park(random: Random) -> None:
    """Grass, a gravel path, trees with trunks and crowns, a hedge and a bench."""
    floor((0, 3, 0), 50, 24, Look("rough", (0.05, 0.13, 0.025), (0.10, 0.20, 0.05), 2.5))
    floor((0, -0.3, 0.004), 50, 2.6, Look("rough", (0.36, 0.32, 0.26), (0.24, 0.21, 0.17), 5))
    for k in range(9):
        x = -7 + 1.8 * k + float(random.uniform(-0.5, 0.5))
        y = 3.5 + float(random.uniform(-0.8, 2.5))
        rod(
            (x, y, 1.3),
            0.16,
            2.6,
            Look("rough", (0.10, 0.07, 0.045), (0.05, 0.035, 0.02), 3),
            top=0.11,
        )
        for _ in range(4):
            dx, dy, up = (
                float(random.uniform(*ends)) for ends in ((-0.7, 0.7), (-0.5, 0.5), (2.3, 3.6))
            )
            leaves = (_shade(random, (0.04, 0.11, 0.02)), _shade(random, (0.10, 0.22, 0.04)))
            ball((x + dx, y + dy, up), (0.8, 0.7, 0.6), Look("rough", *leaves, 2.2))
    box((0, 7.5, 0.8), (50, 0.8, 1.6), Look("rough", (0.02, 0.06, 0.015), (0.06, 0.13, 0.03), 3))
    wood = Look("planks", (0.3, 0.16, 0.07), (0.1, 0.05, 0.02), 2)
    for z in (0.55, 0.68, 0.81):
        box((1.7, 1.55, z), (1.5, 0.04, 0.09), wood)
    for y in (1.2, 1.32, 1.44):
        box((1.7, y, 0.44), (1.5, 0.1, 0.04), wood)
    for x in (1.1, 2.3):
        box((x, 1.4, 0.43), (0.06, 0.4, 0.86), Look("plain", (0.04, 0.04, 0.04)))


def hall(random: Random) -> None:
    """A hall: checked tiles, columns, tall bright windows, a row of chairs."""
    floor(
        (0, 0, 0),
        18,
        12,
        Look("checker", (0.55, 0.52, 0.47), _shade(random, (0.14, 0.10, 0.09)), 1.6, 0.3),
    )
    wall(
        (0, 4.0, 2.5),
        18,
        5.0,
        Look("rough", _shade(random, (0.55, 0.48, 0.36)), _shade(random, (0.5, 0.44, 0.33)), 0.6),
    )
    for x in (-4.5, -1.9, 0.7, 3.3):
        box((x, 3.97, 2.5), (1.0, 0.06, 3.0), Look("plain", (0.75, 0.85, 1.0), glow=0.9))
        for z in (1.5, 2.3, 3.1):
            box((x, 3.9, z), (1.0, 0.04, 0.05), Look("plain", (0.15, 0.1, 0.06)))
        box((x, 3.9, 2.5), (0.05, 0.04, 3.0), Look("plain", (0.15, 0.1, 0.06)))
    stone = Look("rough", (0.55, 0.53, 0.5), (0.42, 0.4, 0.38), 1.5)
    for x in (-3.2, -0.6, 2.0):
        rod((x, 2.8, 2.3), 0.2, 4.6, stone, top=0.17)
        box((x, 2.8, 0.12), (0.58, 0.58, 0.24), stone)
    for k in range(4):
        x = 1.0 + 0.62 * k
        seat = Look("plain", _shade(random, (0.4, 0.04, 0.04)))
        box((x, 2.1, 0.45), (0.45, 0.45, 0.05), seat)
        box((x, 2.32, 0.72), (0.45, 0.04, 0.45), seat)
        for dx in (-0.19, 0.19):
            for dy in (-0.19, 0.19):
                rod((x + dx, 2.1 + dy, 0.22), 0.015, 0.44, Look("plain", (0.02, 0.02, 0.02)))


def beach(random: Random) -> None:
    """Sand, sea and sky with a striped hut, posts of a fence and a ball."""
    floor((0, 1, 0), 80, 14, Look("rough", (0.55, 0.44, 0.29), (0.46, 0.36, 0.23), 1.5))
    floor((0, 48, 0.01), 300, 80, Look("rough", (0.02, 0.13, 0.20), (0.05, 0.22, 0.30), 0.4, 0.2))
    hut = _shade(random, (0.05, 0.22, 0.5))
    box((-2.0, 4.2, 1.1), (1.9, 1.6, 2.2), Look("stripes", hut, (0.8, 0.8, 0.78), 5))
    rod((-2.0, 4.2, 2.55), 1.6, 0.7, Look("plain", (0.5, 0.08, 0.06)), top=0.05)
    for k in range(12):
        rod(
            (0.2 + 0.45 * k, 3.4, 0.42),
            0.035,
            0.84 + float(random.uniform(-0.1, 0.1)),
            Look("rough", (0.3, 0.24, 0.17), (0.2, 0.15, 0.1), 4),
        )
    ball(
        (1.4, 1.6, 0.18),
        (0.18, 0.18, 0.18),
        Look("stripes", (0.7, 0.08, 0.06), (0.85, 0.85, 0.8), 8),
    )


SETS: dict[str, Callable[[Random], None]] = {
    "street": street, "room": room, "studio": studio, "park": park, "hall": hall, "beach": beach,
}  # fmt: skip
"""To add one: write it beside these and name it here."""

BACK = {"street": 2.45, "room": 1.85, "studio": 2.2, "hall": 4.0}
"""Where a set ends behind the actor: no shadow is seen farther away. Metres along y."""
