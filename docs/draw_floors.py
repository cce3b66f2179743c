"""Draws the rooms on their floors into docs/floors.svg: python -m docs.draw_floors

The order comes from import-linter's contracts in pyproject.toml, what a room imports from the code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from docs.read_floors import Floors, Room, read_floors

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "floors.svg"

WIDTH = 980
_MARGIN, _GUTTER, _GAP, _PAD = 16, 20, 5, 8
_NAME, _TEXT, _WORD = 13, 11, 10.5
"""Sizes of letters in pixels: a room's name, what it holds, what it imports."""
_LINE = 14
_BETWEEN = 4
_MANY = 4
_INK, _SOFT, _LINK = "#1d2733", "#5b6875", "#3b5c86"
_PAPER, _GROUND, _FLOOR, _BOX = "#ffffff", "#f4f6f9", "#e6ebf1", "#ffffff"
_SHARED, _SHARED_LINE, _SHARED_INK = "#fff4e0", "#e2a63d", "#8a5a00"


@dataclass(frozen=True)
class Drawn:
    """Shapes as SVG, and how much height they take."""

    shapes: str
    height: float


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(ROOT), encoding="utf-8")
    print(PICTURE)


def draw(root: Path) -> str:
    """The picture of the tree in `root` as SVG."""
    addon, backend = read_floors(root)
    column = (WIDTH - 2 * _MARGIN - _GUTTER) / 2
    top = 76.0
    parts, heights = [], []
    for number, (title, note, floors) in enumerate(
        (
            ("motionfollower_addon", "inside Blender", addon),
            ("mf_backend", "a process of its own", backend),
        )
    ):
        x = _MARGIN + number * (column + _GUTTER)
        stack = _stack(floors, x, top, column)
        heights.append(stack.height)
        parts.append(_text(x, top - 14, title, 16, weight="bold"))
        parts.append(_text(x + column, top - 14, note, 12, _SOFT, anchor="end"))
        parts.append(stack.shapes)
    height = top + max(heights) + _MARGIN
    head = _text(
        _MARGIN, 32, "A room imports only from floors below it", 18, weight="bold"
    ) + _legend(WIDTH - _MARGIN, 32)
    family = "DejaVu Sans, Verdana, Segoe UI, Helvetica, sans-serif"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" '
        f'width="{WIDTH}" height="{height:g}" font-family="{family}">\n'
        f"<title>Rooms and floors of both packages</title>\n"
        f'<rect width="{WIDTH}" height="{height:g}" rx="10" fill="{_PAPER}"/>\n'
        f"{head}{''.join(parts)}</svg>\n"
    )


def _legend(right: float, y: float) -> str:
    imports, shared = "\u2193 what a room imports", "files that the add-on loads, too"
    box = right - _wide(shared, _WORD) - 20
    left = box - _wide(imports, _WORD) - 24
    return (
        _text(left, y, imports, _WORD, _LINK)
        + _box(box, y - 11, 13, 13, _SHARED, _SHARED_LINE, 3)
        + _text(box + 20, y, shared, _WORD, _SHARED_INK)
    )


def _stack(floors: Floors, x: float, y: float, width: float, ground: str = _FLOOR) -> Drawn:
    """Floors one under the other, each a band with its rooms."""
    shapes, begin = [], y
    for floor in floors:
        rows = _rows(floor)
        drawn, inner = [], y + _GAP
        for row in rows:
            each = (width - 2 * _GAP - (len(row) - 1) * _GAP) / len(row)
            heights = [_room(room, 0, 0, each, 0).height for room in row]
            tall = max(heights)
            for number, room in enumerate(row):
                left = x + _GAP + number * (each + _GAP)
                drawn.append(_room(room, left, inner, each, tall).shapes)
            inner += tall + _GAP
        shapes.append(_box(x, y, width, inner - y, ground, "none", 6))
        shapes += drawn
        y = inner + _BETWEEN
    return Drawn("".join(shapes), y - _BETWEEN - begin)


def _rows(floor: tuple[Room, ...]) -> list[tuple[Room, ...]]:
    """The rooms of a floor in rows of two; many small files in rows of three, without words."""
    most = 2
    if len(floor) > _MANY:
        most, floor = 3, tuple(replace(room, holds="") for room in floor)
    return [floor[start : start + most] for start in range(0, len(floor), most)]


def _room(room: Room, x: float, y: float, width: float, tall: float) -> Drawn:
    """One room: its name, what it holds, what it imports, and the floors inside it."""
    inner_width = width - 2 * _PAD
    line = y + _PAD + 10
    indent = _wide(room.name, _NAME, bold=True) + 10
    shapes = [_text(x + _PAD, line, room.name, _NAME, weight="bold")]
    for number, words in enumerate(_wrap(room.holds, _TEXT, inner_width, indent)):
        line += _LINE if number else 0
        shapes.append(_text(x + _PAD + (0 if number else indent), line, words, _TEXT, _SOFT))
    for items, ink in ((", ".join(room.shared), _SHARED_INK), (_imports(room), _LINK)):
        for words in _wrap(items, _WORD, inner_width):
            line += _LINE
            shapes.append(_text(x + _PAD, line, words, _WORD, ink))
    bottom = line + _PAD - 2
    if room.inner:
        inside = _stack(room.inner, x + _PAD, bottom + 3, inner_width, _GROUND)
        shapes.append(inside.shapes)
        bottom += 3 + inside.height + _PAD
    height = max(bottom - y, tall)
    fill, edge = (_SHARED, _SHARED_LINE) if room.shared else (_BOX, "#c3ccd6")
    return Drawn(_box(x, y, width, height, fill, edge, 5) + "".join(shapes), height)


def _imports(room: Room) -> str:
    return "\u2193 " + "\u00a0\u00b7 ".join(room.imports) if room.imports else ""


def _wrap(text: str, size: float, width: float, indent: float = 0) -> list[str]:
    """`text` in lines of at most `width` pixels, the first of them shorter by `indent`."""
    lines, line, room = [], "", width - indent
    for word in text.split(" "):
        longer = f"{line} {word}".strip()
        if line and _wide(longer, size) > room:
            lines.append(line)
            longer, room = word, width
        line = longer
    return [*lines, line] if line else []


def _wide(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is in pixels, in a wide kind of letters such as DejaVu's."""
    width = 0.0
    for letter in text:
        if letter in "fijlrt.,:;'|()! \u00a0\u00b7":
            width += 0.36
        elif letter in "mwMW_":
            width += 0.86 if letter != "_" else 0.5
        else:
            width += 0.7 if letter.isupper() else 0.61
    return width * size * (1.13 if bold else 1)


def _box(
    x: float, y: float, width: float, height: float, fill: str, edge: str, round_: float
) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_:g}" '
        f'fill="{fill}" stroke="{edge}"/>\n'
    )


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    fill: str = _INK,
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}" '
        f'font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>\n'
    )


if __name__ == "__main__":
    main()
