"""A hole filled with patches of its surroundings, from coarse to fine, so that structure goes on.

The picture in the hole and the field that says which patch of the surroundings each of its patches
resembles are improved in turn (Wexler, Shechtman, Irani: Space-Time Completion of Video, 2007); the
field is searched for by spreading good finds to neighbours and by chance (Barnes, Shechtman,
Finkelstein, Goldman: PatchMatch, 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Whole = NDArray[np.int64]

_RADIUS = 4
"""Patches are 9x9 pixels."""
_FEWEST_SOURCES = 60
_THINNEST = 2.5
"""Depth of the hole in pixels at the coarsest level."""
_ROUNDS = (8, 5, 3, 2)
"""Turns of picture and field at the coarsest level and the next ones; the last for all finer."""
_SEARCHES = 3
"""Passes over the field in each turn."""
_STRANGE, _SIDEWAYS = 20.0, 0.2
"""What a source as far as the picture is long costs, in grey levels; and the share for sideways."""
_FAITH = 0.3
"""Weight of a source's usual colour against what the surroundings make likely there."""
_ABOUT = 0.04
"""Width of the usual colour's box, as a share of the picture's longer side."""
_GUESS_SIDE = 64
"""Longer side in pixels at which the likely colours are spread."""
_MOST_SEARCHED = 14000
"""Patches that are searched for; finer levels take over what the last one found."""
_AT_ONCE = 4000
"""Patches compared at a time: what they take stays near the processor."""
_FIRST = slice(None, None, 6)
"""The pixels of a patch that are compared before the others."""
_ROUNDING = 1.0001
"""How much more a part may cost than the whole, for sums are rounded."""
_CHANCE = 3
_ALIKE = 2
"""Finds by chance, and by somebody else's displacement, in each pass."""


@dataclass(frozen=True)
class Level:
    """One size of the picture: float32 [h, w, 3] with a border of `_RADIUS`, and where things are
    in it, as flat indices of the bordered picture."""

    shape: tuple[int, int]
    hole: Whole
    targets: Whole
    """Centres of the patches that touch the hole."""
    sources: Bools
    """[h * w] centres of patches that are wholly known."""
    trust: Floats
    """[h * w] weight of each pixel in comparisons: less deep in the hole."""
    expected: Floats
    """[targets, 3] the colour that the surroundings make likely."""
    usual: Floats
    """[h * w, 3] the mean colour about each pixel."""

    @property
    def offsets(self) -> Whole:
        """Flat steps from a patch's centre to its pixels."""
        steps = np.arange(-_RADIUS, _RADIUS + 1)
        return np.asarray((steps[:, None] * self.shape[1] + steps[None]).ravel(), np.int64)


def exemplar_fill(picture: Picture, hole: Bools, avoid: Bools) -> Picture | None:
    """`picture` [H, W, 3] with `hole` [H, W] filled; nothing is taken from `avoid`.

    None where the surroundings are too small to take patches from. The same input gives the same
    picture.
    """
    import cv2

    random = np.random.default_rng(1)
    bad = hole | avoid
    sizes = _sizes(hole)
    estimate = guess = _guess(picture, bad)
    field: Whole | None = None
    level: Level | None = None
    searched = 0
    for width, height in sizes:
        small = _shrunk(picture, bad, (width, height))
        small_bad = _shrunk_mask(bad, (width, height))
        small_hole = _shrunk_mask(hole, (width, height))
        colours = cv2.resize(estimate, (width, height), interpolation=cv2.INTER_LINEAR)
        colours = np.where(small_bad[..., None], colours, small)
        before, level = level, _level(small_hole, small_bad, small, guess)
        if not level.targets.size:
            level = before
            continue
        if level.sources.sum() < _FEWEST_SOURCES:
            # So coarse, hardly anything but the hole is left: the next level starts anew.
            level = None
            continue
        flat = _bordered(colours).reshape(-1, 3)
        field = _first_field(level, before, field, random)
        rounds = _ROUNDS[min(searched, len(_ROUNDS) - 1)]
        if searched and len(level.targets) > _MOST_SEARCHED:
            flat = _voted(flat, level, field, np.zeros(len(field), np.float32))
        else:
            for _ in range(rounds):
                field, cost = _search(flat, level, field, random)
                flat = _voted(flat, level, field, cost)
            searched += 1
        inner = flat.reshape(height + 2 * _RADIUS, width + 2 * _RADIUS, 3)
        estimate = inner[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS].astype(np.float32)
    if level is None:
        return None
    out = picture.copy()
    out[hole] = np.clip(np.rint(estimate[hole]), 0, 255).astype(np.uint8)
    return out


def _sizes(hole: Bools) -> list[tuple[int, int]]:
    """(width, height) of the levels, coarsest first; the last is the picture's own."""
    import cv2

    height, width = hole.shape
    deep = float(cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
    sizes = [(width, height)]
    while deep > _THINNEST and min(sizes[0]) > 24:
        deep /= 1.7
        sizes.insert(0, (round(sizes[0][0] / 1.7), round(sizes[0][1] / 1.7)))
    return sizes


def _shrunk(picture: Picture, bad: Bools, size: tuple[int, int]) -> Floats:
    """The known colours at another size; what is unknown stays out of their means."""
    import cv2

    if size == bad.shape[::-1]:
        return picture.astype(np.float32)
    known = (~bad).astype(np.float32)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(picture * known[..., None], size, interpolation=cv2.INTER_AREA)
    return np.asarray(total / np.maximum(weight, 1e-3)[..., None], np.float32)


def _shrunk_mask(mask: Bools, size: tuple[int, int]) -> Bools:
    import cv2

    if size == mask.shape[::-1]:
        return mask
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(share > 0.3, np.bool_)


def _guess(picture: Picture, bad: Bools) -> Floats:
    """The surroundings' colours, spread evenly into what is unknown, at a small size."""
    import cv2

    shrink = min(1.0, _GUESS_SIDE / max(bad.shape))
    size = (max(4, round(bad.shape[1] * shrink)), max(4, round(bad.shape[0] * shrink)))
    small, hole = _shrunk(picture, bad, size), _shrunk_mask(bad, size)
    known = (~hole).astype(np.float32)
    total, mass = np.zeros_like(small), np.full(hole.shape, 1e-12, np.float32)
    for sigma, share in ((1.0, 1.0), (2.0, 1e-2), (4.0, 1e-4), (8.0, 1e-6), (20.0, 1e-8)):
        total += share * cv2.GaussianBlur(small * known[..., None], (0, 0), sigma)
        mass += share * cv2.GaussianBlur(known, (0, 0), sigma)
    return np.where(hole[..., None], total / mass[..., None], small).astype(np.float32)


def _bordered(colours: Floats) -> Floats:
    return np.pad(colours, ((_RADIUS, _RADIUS), (_RADIUS, _RADIUS), (0, 0)), mode="reflect")


def _level(hole: Bools, bad: Bools, colours: Floats, guess: Floats) -> Level:
    import cv2

    kernel = np.ones((2 * _RADIUS + 1, 2 * _RADIUS + 1), np.uint8)
    edge = ((_RADIUS, _RADIUS), (_RADIUS, _RADIUS))
    touching = np.pad(cv2.dilate(hole.astype(np.uint8), kernel), edge)
    known = np.pad(~bad, edge).astype(np.uint8)
    whole = cv2.erode(known, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    depth = np.pad(cv2.distanceTransform(bad.astype(np.uint8), cv2.DIST_L2, 3), edge, mode="edge")
    trust = np.maximum(0.6**depth, 0.05).astype(np.float32)
    targets = np.flatnonzero(touching)
    likely = _bordered(cv2.resize(guess, hole.shape[::-1], interpolation=cv2.INTER_LINEAR))
    around = max(3, round(max(hole.shape) * _ABOUT)) | 1
    return Level(
        (known.shape[0], known.shape[1]),
        np.flatnonzero(np.pad(hole, edge)),
        targets,
        np.asarray(whole.ravel() > 0, np.bool_),
        trust.ravel(),
        likely.reshape(-1, 3)[targets],
        _bordered(cv2.blur(colours, (around, around))).reshape(-1, 3),
    )


def _first_field(
    level: Level, before: Level | None, field: Whole | None, random: np.random.Generator
) -> Whole:
    """For each target its source: from the coarser level's, or by chance."""
    sources = np.flatnonzero(level.sources)
    chance = sources[random.integers(0, len(sources), len(level.targets))]
    if before is None or field is None:
        return np.asarray(chance, np.int64)
    coarse = np.full(before.shape[0] * before.shape[1], -1, np.int64)
    coarse[before.targets] = field
    height, width = level.shape
    inner, old = (np.array(shape) - 2 * _RADIUS for shape in (level.shape, before.shape))
    up = inner / old
    y, x = np.divmod(level.targets, width)
    by = np.clip(((y - _RADIUS + 0.5) / up[0]).astype(int) + _RADIUS, 0, before.shape[0] - 1)
    bx = np.clip(((x - _RADIUS + 0.5) / up[1]).astype(int) + _RADIUS, 0, before.shape[1] - 1)
    found = coarse[by * before.shape[1] + bx]
    sy, sx = np.divmod(found, before.shape[1])
    ty = y + np.rint((sy - by) * up[0]).astype(int)
    tx = x + np.rint((sx - bx) * up[1]).astype(int)
    inside = (found >= 0) & (ty >= 0) & (ty < height) & (tx >= 0) & (tx < width)
    place = np.clip(ty, 0, height - 1) * width + np.clip(tx, 0, width - 1)
    return np.where(inside & level.sources[place], place, chance)


def _costs(flat: Floats, offsets: Whole, wanted: Floats, weight: Floats, sources: Whole) -> Floats:
    """Weighted mean squared difference between patches of the targets, whose pixels at `offsets`
    are `wanted` and count by `weight`, and of `sources`."""
    cost = np.empty(len(sources), np.float32)
    for start in range(0, len(sources), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        seen = flat.take(sources[part, None] + offsets, axis=0)
        seen -= wanted[part]
        seen *= seen
        # Sums over an axis of three are slow.
        cost[part] = ((seen[..., 0] + seen[..., 1] + seen[..., 2]) * weight[part]).sum(1)
    return cost


def _strangeness(level: Level, number: Whole, sources: Whole) -> Floats:
    """What sources cost for lying elsewhere than targets `number`: scenes go on sideways more than
    up and down; and for being of another colour than the surroundings make likely."""
    targets = level.targets[number]
    width = level.shape[1]
    (ty, tx), (sy, sx) = np.divmod(targets, width), np.divmod(sources, width)
    far = (sy - ty) ** 2 + _SIDEWAYS * (sx - tx) ** 2
    odd = ((level.usual[sources] - level.expected[number]) ** 2).mean(1)
    return np.asarray(far * (_STRANGE / max(level.shape)) ** 2 + _FAITH * odd, np.float32)


def _search(
    flat: Floats, level: Level, field: Whole, random: np.random.Generator
) -> tuple[Whole, Floats]:
    """A better source for each target, and what it costs."""
    height, width = level.shape
    targets = level.targets
    number = np.full(height * width, -1, np.int64)
    number[targets] = np.arange(len(targets))
    wanted = flat[targets[:, None] + level.offsets]
    weight = level.trust[targets[:, None] + level.offsets]
    weight /= weight.sum(1, keepdims=True)
    offsets = level.offsets
    cost = _costs(flat, offsets, wanted, weight, field)
    cost += _strangeness(level, np.arange(len(targets)), field)
    reach = max(height, width)
    few = offsets[_FIRST]
    few_wanted, few_weight = wanted[:, _FIRST].copy(), weight[:, _FIRST].copy()

    def consider(tried: Whole) -> None:
        y, x = np.divmod(tried, width)
        good = (tried >= 0) & (tried < height * width) & (y >= 0) & (x >= 0)
        good[good] = level.sources[tried[good]]
        good &= tried != field
        places = np.flatnonzero(good)
        # Most are worse by where they lie, or after a few of their pixels: these are left early.
        extra = _strangeness(level, places, tried[places])
        near = extra < cost[places]
        places, extra = places[near], extra[near]
        some = _costs(flat, few, few_wanted[places], few_weight[places], tried[places])
        near = some + extra < cost[places] * _ROUNDING
        places, extra = places[near], extra[near]
        price = _costs(flat, offsets, wanted[places], weight[places], tried[places])
        price += extra
        better = price < cost[places]
        field[places[better]] = tried[places[better]]
        cost[places[better]] = price[better]

    field = field.copy()
    for turn in range(_SEARCHES):
        for step in (1, width, -1, -width):
            for far in (1, 4):
                beside = number[np.clip(targets - far * step, 0, height * width - 1)]
                known = beside >= 0
                consider(np.where(known, field[np.maximum(beside, 0)] + far * step, -1))
        for k in range(_CHANCE):
            span = max(1.5, reach * 0.5 ** (k * 2 + turn))
            jump = np.rint(random.uniform(-span, span, (2, len(targets)))).astype(int)
            y, x = np.divmod(field, width)
            y, x = y + jump[0], x + jump[1]
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            consider(np.where(inside, y * width + x, -1))
        for _ in range(_ALIKE):
            other = random.integers(0, len(targets), len(targets))
            consider(targets + (field[other] - targets[other]))
    return field, cost


def _voted(flat: Floats, level: Level, field: Whole, cost: Floats) -> Floats:
    """The picture with the hole's pixels as the patches over them say together."""
    size = level.shape[0] * level.shape[1]
    usual = max(1.0, float(np.percentile(cost, 60)))
    strength = np.zeros(size, np.float32)
    strength[level.targets] = np.exp(-cost / (2 * usual)) * level.trust[level.targets] + 1e-6
    source = np.zeros(size, np.int64)
    source[level.targets] = field
    total = np.zeros((len(level.hole), 3), np.float32)
    mass = np.zeros((len(level.hole), 1), np.float32)
    for offset in level.offsets:
        centre = level.hole - offset
        weight = strength[centre][:, None]
        total += weight * flat[source[centre] + offset]
        mass += weight
    out = flat.copy()
    out[level.hole] = total / np.maximum(mass, 1e-9)
    return out
