"""Plots as SVG: figures by shot as dots on lines, by region as bars, over frames as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#1f77b4", "#d95f02", "#1b9e77", "#c2379c", "#7b6fd0", "#8a8a1a", "#b03a2e", "#3aa6b9")
_LINE, _LEFT, _RIGHT, _TOP = 22, 170, 24, 30
_WIDTH = 900
_STEPS = (0.5, 1, 2, 5, 10, 20)
_MOST_TICKS = 10

Series = Mapping[str, Sequence[float | None]]
"""Values by name, one for each category (shot, region or frame)."""


def colour(number: int) -> str:
    """Of a series."""
    return COLOURS[number % len(COLOURS)]


def dots(title: str, categories: Sequence[str], series: Series) -> str:
    """One line a category, one dot a series."""
    low, high = _range(series)
    height = _TOP + _LINE * len(categories) + 34
    parts = _axis(low, high, height - 30)
    for line, category in enumerate(categories):
        y = _TOP + _LINE * line + _LINE / 2
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4}" class="end">{escape(category)}</text>')
        parts.append(f'<path class="soft" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
        for number, (name, values) in enumerate(series.items()):
            value = values[line]
            if value is not None:
                parts.append(
                    f'<circle cx="{_x(value, low, high):.1f}" cy="{y}" r="5" '
                    f'fill="{colour(number)}"><title>{escape(name)}: {value:.2f}</title></circle>'
                )
    return _figure(title, height, parts, series)


def bars(title: str, categories: Sequence[str], series: Series) -> str:
    """Groups of bars, one group a category."""
    _, high = _range(series)
    low = 0.0
    thick = 9
    group = thick * len(series) + 12
    height = _TOP + group * len(categories) + 34
    parts = _axis(low, high, height - 30)
    for line, category in enumerate(categories):
        top = _TOP + group * line + 4
        middle = top + (group - 12) / 2
        parts.append(
            f'<text x="{_LEFT - 10}" y="{middle + 4}" class="end">{escape(category)}</text>'
        )
        for number, (name, values) in enumerate(series.items()):
            value = values[line]
            if value is None:
                continue
            y, wide = top + thick * number, _x(value, low, high) - _LEFT
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{max(0.0, wide):.1f}" height="{thick - 1}" '
                f'fill="{colour(number)}"><title>{escape(name)}: {value:.2f}</title></rect>'
            )
    return _figure(title, height, parts, series)


def curves(title: str, series: Series) -> str:
    """Values over frames."""
    low, high = _range(series)
    height, bottom = 190, 160
    parts = []
    for tick in _ticks(low, high):
        y = bottom - (tick - low) / (high - low) * (bottom - _TOP)
        parts.append(f'<path class="soft" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" class="end">{tick:g}</text>')
    count = max((len(values) for values in series.values()), default=0)
    for frame in {0, count // 2, count - 1} if count else ():
        x = _LEFT + frame / max(1, count - 1) * (_WIDTH - _LEFT - _RIGHT)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" class="mid">{frame + 1}</text>')
    for number, values in enumerate(series.values()):
        path, pen = [], "M"
        for frame, value in enumerate(values):
            if value is None:
                pen = "M"
                continue
            x = _LEFT + frame / max(1, count - 1) * (_WIDTH - _LEFT - _RIGHT)
            y = bottom - (value - low) / (high - low) * (bottom - _TOP)
            path.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        parts.append(f'<path d="{"".join(path)}" class="curve" stroke="{colour(number)}"/>')
    return _figure(title, height, parts, series)


def _figure(title: str, height: float, parts: Sequence[str], series: Series) -> str:
    key = "".join(
        f'<span><i style="background:{colour(number)}"></i>{escape(name)}</span>'
        for number, name in enumerate(series)
    )
    return (
        f'<figure class="plot"><figcaption>{escape(title)}</figcaption><div class="key">{key}</div>'
        f'<svg viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _axis(low: float, high: float, bottom: float) -> list[str]:
    parts = []
    for tick in _ticks(low, high):
        x = _x(tick, low, high)
        parts.append(f'<path class="soft" d="M{x:.1f} {_TOP - 6}V{bottom:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.1f}" class="mid">{tick:g}</text>')
    return parts


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _range(series: Series) -> tuple[float, float]:
    """Whole steps around all values."""
    found = [v for values in series.values() for v in values if v is not None]
    low, high = (min(found), max(found)) if found else (0.0, 1.0)
    step = _step(low, high)
    return step * (low // step), step * (high // step + 1)


def _step(low: float, high: float) -> float:
    wide = high - low
    return next((step for step in _STEPS if wide / step <= _MOST_TICKS), _STEPS[-1])


def _ticks(low: float, high: float) -> list[float]:
    step = _step(low, high)
    return [low + step * number for number in range(round((high - low) / step) + 1)]
