"""A mapping guessed from hierarchy and symmetry, for armatures whose names are not known.

A person's rig has a branch with two like chains of three or more bones (the legs), and farther up
another such branch (the arms). All sides are named by where they are: left is where the up axis
crossed with the forward axis (ankles to toes) points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from .anatomy import why_not_human
from .bones import Bone
from .mapping import Anchor, End, Mapping

Array = NDArray[np.float64]

FAMILY, LABEL = "guess", "Guess from hierarchy and symmetry"
# A guess never scores like a rig whose names are known.
_SCORE = 0.5
_LIKE = 0.15
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
    """The two longest bones in a row, and the one after them."""
    spans = tree.spans(chain)
    options = range(len(chain) - 2)
    if not options:
        return None
    at = max(options, key=lambda k: spans[k] + spans[k + 1])
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
    # A neck of one bone and a head; end bones without children are no head.
    return best[1] if len(best) > 1 else best[0]


def _fingers(tree: _Tree, hand: str, side: str, forward: Array) -> dict[str, Anchor]:
    """Four or five chains of three bones under the hand; the thumb is the most apart one."""
    chains = []
    queue = list(tree.children[hand])
    for child in queue:
        chain = tree.chain(child)
        if len(chain) >= 3:
            chains.append(chain[-4:] if len(chain) > 4 else chain)
    if len(chains) not in (4, 5):
        return {}
    start = np.array([tree.heads[chain[0]] for chain in chains])
    middle = tree.heads[hand]
    # Fingers lie side by side at like distances from the wrist; the thumb starts nearest to it.
    thumb = int(np.argmin(np.linalg.norm(start - middle, axis=1)))
    others = sorted(
        (k for k in range(len(chains)) if k != thumb),
        key=lambda k: float(np.linalg.norm(start[k] - start[thumb])),
    )
    names = {thumb: "thumb", **dict(zip(others, _FINGERS, strict=False))}
    joints = {}
    for k, finger in names.items():
        chain = chains[k][:4]
        for number, bone in enumerate(chain, start=1):
            joints[f"{side}_hand_{finger}_{number}"] = Anchor(bone)
        if len(chain) == 3:
            joints[f"{side}_hand_{finger}_4"] = Anchor(chain[2], End.TIP)
    return joints


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
    forward = np.zeros(3)
    for part, chain in zip(leg, legs.chains, strict=True):
        assert part is not None
        forward += tree.tails[chain[-1]] - tree.heads[part[2]]
    forward -= up * float(forward @ up) / max(float(up @ up), 1e-12)
    left = np.cross(up, forward)
    if float(np.linalg.norm(left)) < 1e-9:
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
                joints.update(_fingers(tree, part[2], side, forward))
    head = _head(tree, arms, up)
    if head is not None:
        joints["head"] = Anchor(head)
    mapping = Mapping(FAMILY, LABEL, joints, guessed=True)
    if why_not_human(mapping, bones):
        return None
    return mapping, _SCORE
