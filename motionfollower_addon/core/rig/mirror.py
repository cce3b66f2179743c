"""The other side of a mapping, by the names of the bones."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .mapping import Anchor, Mapping, other_side

_WORDS = {"left": "right", "right": "left", "l": "r", "r": "l"}
# "Left" and "Right" anywhere; a lone L or R between separators or ends, or before a capital.
_SIDE = re.compile(
    r"(?P<word>[Ll]eft|LEFT|[Rr]ight|RIGHT)"
    r"|(?<![^._\s:\-])(?P<lone>[LlRr])(?=[._\s\-]|$|(?-i:[A-Z][a-z]))"
)


def _like(pattern: str, word: str) -> str:
    if pattern.isupper():
        return word.upper()
    return word.capitalize() if pattern[0].isupper() else word


def other_name(name: str) -> str:
    """A bone's name with its side exchanged ("hand.L" to "hand.R"); itself without a side."""

    def swap(match: re.Match[str]) -> str:
        found = match.group()
        return _like(found, _WORDS[found.casefold()])

    return _SIDE.sub(swap, name, count=1)


def side_of(name: str) -> str:
    """ "left" or "right" where a bone's name says so ("hand.L", "LeftHand"), else ""."""
    match = _SIDE.search(name)
    if match is None:
        return ""
    return "left" if match.group()[0].casefold() == "l" else "right"


def mirror(mapping: Mapping, names: Iterable[str], source: str = "left") -> Mapping:
    """The mapping with the joints of the `source` side copied to the other.

    Bones are found by exchanging the side in their names; a joint whose counterpart is not among
    `names` keeps what it had.
    """
    have = set(names)
    result = mapping
    for joint, anchor in mapping.joints.items():
        if joint.startswith(f"{source}_"):
            bone = other_name(anchor.bone)
            if bone != anchor.bone and bone in have:
                result = result.with_joint(other_side(joint), Anchor(bone, anchor.end))
    return result
