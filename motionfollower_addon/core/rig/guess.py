"""A mapping guessed from hierarchy and symmetry, for armatures whose names are not known.

A person's rig has a branch with two like chains of three or more bones (the legs), and farther up
another such branch (the arms). The sides are those that the bones' names tell ("bein.L"); where
they tell nothing, left is where the up axis crossed with the forward axis (ankles to toes) points.
Where the feet point nowhere either, there is no guess: a mirrored person is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from .anatomy import rest_positions, why_not_human
from .bones import Bone
from .mapping import Anchor, End, Mapping
from .mirror import other_name, side_of

Array = NDArray[np.float64]

FAMILY, LABEL = "guess", "Guess from hierarchy and symmetry"
# A guess never scores like a rig whose names are known.
_SCORE = 0.5
_LIKE = 0.15
# Bones count as equally long above this share.
_NEARLY = 0.85
# Feet shorter than this share of a leg, seen from above, do not say which way a person faces.
_FEET = 0.05
_FINGERS = ("index", "middle", "ring", "little")


@dataclass(frozen=True)
class _Pair:
    """Two like chains under one branch, each from the branch outwards."""

    branch: str
    chains: tuple[tuple[str, ...], tuple[str, ...]]

    def length(self, tree: _Tree) -> float:
        return tree.length(self.chains[0])


class _Tree:
    def __init__(self, bones: tuple[Bone, ...]) -> None:
        self.heads = {bone.name: np.array(bone.head, float) for bone in bones}
        self.tails = {bone.name: np.array(bone.tail, float) for bone in bones}
        self.parents = {bone.name: bone.parent for bone in bones}
        self.children: dict[str, list[str]] = {bone.name: [] for bone in bones}
        for bone in bones:
            if bone.parent in self.children:
                self.children[bone.parent].append(bone.name)
        self._chains: dict[str, tuple[str, ...]] = {}

    def chain(self, name: str) -> tuple[str, ...]:
        """The bones from `name` outwards along the child whose chain reaches farthest."""
        if name not in self._chains:
            rest: tuple[str, ...] = ()
            if self.children[name]:
                rest = max(
                    (self.chain(child) for child in self.children[name]),
                    key=lambda chain: (
                        self.length(chain)
                        + float(np.linalg.norm(self.heads[chain[0]] - self.heads[name]))
                    ),
                )
            self._chains[name] = (name, *rest)
        return self._chains[name]

    def length(self, chain: tuple[str, ...]) -> float:
        points = [*(self.heads[name] for name in chain), self.tails[chain[-1]]]
        return float(sum(np.linalg.norm(b - a) for a, b in pairwise(points)))

    def spans(self, chain: tuple[str, ...]) -> list[float]:
        """Distance from each bone's head to the next one's head."""
        points = [*(self.heads[name] for name in chain), self.tails[chain[-1]]]
        return [float(np.linalg.norm(b - a)) for a, b in pairwise(points)]

    def ancestors(self, name: str) -> list[str]:
        result = [name]
        while self.parents.get(result[-1]) in self.heads:
            result.append(self.parents[result[-1]])
        return result


def _alike(tree: _Tree, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    if len(a) != len(b) or len(a) < 3:
        return False
    first, second = tree.length(a), tree.length(b)
    if abs(first - second) > _LIKE * max(first, second, 1e-9):
        return False
    # The two must be apart, not two bones on one spot.
    return float(np.linalg.norm(tree.tails[a[-1]] - tree.tails[b[-1]])) > 0.05 * first


def _pairs(tree: _Tree) -> list[_Pair]:
    found = []
    for branch, children in tree.children.items():
        chains = [tree.chain(child) for child in children]
        options = [pair for pair in combinations(chains, 2) if _alike(tree, *pair)]
        if options:
            best = max(options, key=lambda pair: tree.length(pair[0]))
            found.append(_Pair(branch, best))
    return found


def _limb(tree: _Tree, chain: tuple[str, ...]) -> tuple[str, str, str] | None:
    """The two long bones in a row and the one after them; a collar bone before them is shorter."""
    spans = tree.spans(chain)
    options = range(len(chain) - 2)
    if not options:
        return None
    longest = max(min(spans[k], spans[k + 1]) for k in options)
    at = max(k for k in options if min(spans[k], spans[k + 1]) >= _NEARLY * longest)
    return chain[at], chain[at + 1], chain[at + 2]


def _find_limbs(tree: _Tree) -> tuple[_Pair, _Pair] | None:
    """(legs, arms): the arms' branch is an ancestor or descendant that the spine leads to."""
    pairs = sorted(_pairs(tree), key=lambda pair: -pair.length(tree))
    best: tuple[float, _Pair, _Pair] | None = None
    for legs in pairs:
        for arms in pairs:
            if legs is arms or legs.branch == arms.branch:
                continue
            between = tree.ancestors(arms.branch)
            in_legs = {name for chain in legs.chains for name in chain}
            if legs.branch not in between or in_legs & set(between):
                continue
            total = legs.length(tree) + arms.length(tree)
            if best is None or total > best[0]:
                best = total, legs, arms
    return (best[1], best[2]) if best else None


def _head(tree: _Tree, arms: _Pair, up: Array) -> str | None:
    taken = {chain[0] for chain in arms.chains}
    chains = [tree.chain(child) for child in tree.children[arms.branch] if child not in taken]
    if not chains:
        return None
    best = max(
        chains, key=lambda chain: float((tree.tails[chain[-1]] - tree.heads[arms.branch]) @ up)
    )
    if len(best) <= 2:
        return best[-1]
    # The head is the longest bone above the first one of the neck; face bones follow it.
    return max(
        best[1:4], key=lambda name: float(np.linalg.norm(tree.tails[name] - tree.heads[name]))
    )


def _finger_paths(tree: _Tree, hand: str) -> list[tuple[str, ...]]:
    """For each end under the hand the bones that lead to it, three or four without the palm."""
    paths = []
    queue: list[tuple[str, ...]] = [(child,) for child in tree.children[hand]]
    while queue:
        path = queue.pop()
        queue += [(*path, child) for child in tree.children[path[-1]]]
        if not tree.children[path[-1]] and len(path) >= 3:
            paths.append(path)
    # First bones that start nearer to the wrist than they are long lie in the palm.
    ratios = [
        float(np.linalg.norm(tree.heads[path[0]] - tree.heads[hand])) / (tree.spans(path)[0] + 1e-9)
        for path in paths
        if len(path) > 3
    ]
    palm = bool(ratios) and float(np.median(ratios)) < 1
    return [path[1:5] if palm and len(path) > 3 else path[:4] for path in paths]


def _fingers(tree: _Tree, hand: str, side: str) -> dict[str, Anchor]:
    """Four or five fingers; the thumb is the one that starts nearest to the wrist."""
    chains = _finger_paths(tree, hand)
    if len(chains) not in (4, 5):
        return {}
    start = np.array([tree.heads[chain[0]] for chain in chains])
    thumb = int(np.argmin(np.linalg.norm(start - tree.heads[hand], axis=1)))
    others = [k for k in range(len(chains)) if k != thumb]
    # Across the palm, not along it: a little finger often starts nearer to the wrist.
    along = sum((tree.heads[chains[k][-1]] - start[k] for k in others), np.zeros(3))
    along = along / max(float(np.linalg.norm(along)), 1e-12)
    across = start - start[thumb]
    across = across - np.outer(across @ along, along)
    others.sort(key=lambda k: float(np.linalg.norm(across[k])))
    names = {thumb: "thumb", **dict(zip(others, _FINGERS, strict=False))}
    joints = {}
    for k, finger in names.items():
        for number, bone in enumerate(chains[k], start=1):
            joints[f"{side}_hand_{finger}_{number}"] = Anchor(bone)
        if len(chains[k]) == 3:
            joints[f"{side}_hand_{finger}_4"] = Anchor(chains[k][2], End.TIP)
    return joints


def _person_shaped(mapping: Mapping, bones: tuple[Bone, ...]) -> bool:
    """Whether trunk, legs and arms of the rest pose have a person's posture and proportions."""
    rest = rest_positions(mapping, bones)
    hips, shoulders, ankles = (
        (rest[f"right_{name}"] + rest[f"left_{name}"]) / 2 for name in ("hip", "shoulder", "ankle")
    )
    trunk, legs = shoulders - hips, ankles - hips
    height = float(np.linalg.norm(trunk))
    leg = float(np.linalg.norm(legs))
    arm = sum(
        float(np.linalg.norm(rest[f"left_{a}"] - rest[f"left_{b}"]))
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))
    )
    # Wings are longer than legs, and most four-legged backs are level.
    return (
        float(trunk @ legs) < -0.7 * height * leg
        and 0.7 * height < leg < 3.5 * height
        and 0.5 * height < arm < 2.0 * height
        and arm < 1.2 * leg
    )


def _left_by_names(tree: _Tree, pairs: tuple[_Pair, ...]) -> Array | None:
    """Towards the left side by what the names of both sides say; None where they say nothing."""
    total, votes = np.zeros(3), 0
    for pair in pairs:
        first, second = pair.chains
        others = set(second)
        for name in first:
            other = other_name(name)
            if other != name and other in others:
                sign = 1.0 if side_of(name) == "left" else -1.0
                total += sign * (tree.heads[name] - tree.heads[other])
                votes += 1
    return total if votes and float(np.linalg.norm(total)) > 1e-9 else None


def _left_by_feet(
    tree: _Tree, ankles: list[tuple[str, tuple[str, ...]]], up: Array, leg: float
) -> Array | None:
    """Towards the left side by the way the feet point; None where they point up or down."""
    forward = np.zeros(3)
    for ankle, chain in ankles:
        forward += tree.tails[chain[-1]] - tree.heads[ankle]
    forward -= up * float(forward @ up) / max(float(up @ up), 1e-12)
    if float(np.linalg.norm(forward)) < 2 * _FEET * leg:
        return None
    left: Array = np.cross(up, forward)
    return left if float(np.linalg.norm(left)) > 1e-9 else None


def guess(bones: tuple[Bone, ...]) -> tuple[Mapping, float] | None:
    """(mapping marked as a guess, score), or None where no person's shape is found."""
    if any(bone.head is None or bone.tail is None for bone in bones) or len(bones) < 12:
        return None
    tree = _Tree(bones)
    limbs = _find_limbs(tree)
    if limbs is None:
        return None
    legs, arms = limbs
    leg = [_limb(tree, chain) for chain in legs.chains]
    arm = [_limb(tree, chain) for chain in arms.chains]
    if any(part is None for part in (*leg, *arm)):
        return None
    hips = (tree.heads[leg[0][0]] + tree.heads[leg[1][0]]) / 2  # type: ignore[index]
    shoulders = (tree.heads[arm[0][0]] + tree.heads[arm[1][0]]) / 2  # type: ignore[index]
    up = shoulders - hips
    left = _left_by_names(tree, (legs, arms))
    if left is None:
        ankles = [(part[2], chain) for part, chain in zip(leg, legs.chains, strict=True) if part]
        left = _left_by_feet(tree, ankles, up, legs.length(tree))
    if left is None:
        return None
    joints: dict[str, Anchor] = {}
    for parts, chains, names in (
        (leg, legs.chains, ("hip", "knee", "ankle")),
        (arm, arms.chains, ("shoulder", "elbow", "wrist")),
    ):
        first = float((tree.heads[parts[0][1]] - tree.heads[parts[1][1]]) @ left)  # type: ignore[index]
        for k, side in enumerate(("left", "right") if first > 0 else ("right", "left")):
            part = parts[k]
            assert part is not None
            for name, bone in zip(names, part, strict=True):
                joints[f"{side}_{name}"] = Anchor(bone)
            if names[0] == "hip":
                toe = chains[k][chains[k].index(part[2]) + 1 :]
                joints[f"{side}_toe"] = Anchor(toe[0]) if toe else Anchor(part[2], End.TAIL)
            else:
                joints.update(_fingers(tree, part[2], side))
    head = _head(tree, arms, up)
    if head is not None:
        joints["head"] = Anchor(head)
    mapping = Mapping(FAMILY, LABEL, joints, guessed=True)
    if why_not_human(mapping, bones) or not _person_shaped(mapping, bones):
        return None
    return mapping, _SCORE
