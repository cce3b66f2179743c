"""Which bones of the known rigs are hips, thighs, hands."""

from __future__ import annotations

from dataclasses import dataclass

from mf_backend.contracts.errors import InputError


@dataclass(frozen=True)
class Roles:
    """Names of bones by what they are; `{s}` stands for the side's word, `{f}` for the finger's."""

    hips: str
    spine: tuple[str, ...]
    neck: tuple[str, ...]
    head: str
    limbs: dict[str, str]
    sides: tuple[str, str]
    """Words for left and right."""
    fingers: str
    """A finger's bone, with `{n}` for 1 to 3; empty where the rig has none."""
    finger_words: tuple[str, ...]

    def of(self, part: str, side: str) -> str:
        """A limb's bone on a side ("left", "right")."""
        return self.limbs[part].format(s=self.sides[side == "right"])

    def finger(self, name: str, side: str) -> tuple[str, ...]:
        """The bones of a finger ("thumb" … "little") from the palm out."""
        if not self.fingers:
            return ()
        word = self.finger_words[("thumb", "index", "middle", "ring", "little").index(name)]
        return tuple(
            self.fingers.format(s=self.sides[side == "right"], f=word, n=n) for n in (1, 2, 3)
        )


_MIXAMO = Roles(
    "mixamorig:Hips",
    ("mixamorig:Spine", "mixamorig:Spine1", "mixamorig:Spine2"),
    ("mixamorig:Neck",),
    "mixamorig:Head",
    {
        "clavicle": "mixamorig:{s}Shoulder", "upper_arm": "mixamorig:{s}Arm",
        "forearm": "mixamorig:{s}ForeArm", "hand": "mixamorig:{s}Hand",
        "thigh": "mixamorig:{s}UpLeg", "shin": "mixamorig:{s}Leg",
        "foot": "mixamorig:{s}Foot", "toe": "mixamorig:{s}ToeBase",
    },
    ("Left", "Right"),
    "mixamorig:{s}Hand{f}{n}",
    ("Thumb", "Index", "Middle", "Ring", "Pinky"),
)  # fmt: skip
_GAME_ENGINE = Roles(
    "pelvis",
    ("spine_01", "spine_02", "spine_03"),
    ("neck_01",),
    "head",
    {
        "clavicle": "clavicle_{s}", "upper_arm": "upperarm_{s}", "forearm": "lowerarm_{s}",
        "hand": "hand_{s}", "thigh": "thigh_{s}", "shin": "calf_{s}", "foot": "foot_{s}",
        "toe": "ball_{s}",
    },
    ("l", "r"),
    "{f}_0{n}_{s}",
    ("thumb", "index", "middle", "ring", "pinky"),
)  # fmt: skip
_CMU = Roles(
    "Hips",
    ("LowerBack", "Spine", "Spine1"),
    ("Neck", "Neck1"),
    "Head",
    {
        "clavicle": "{s}Shoulder", "upper_arm": "{s}Arm", "forearm": "{s}ForeArm",
        "hand": "{s}Hand", "thigh": "{s}UpLeg", "shin": "{s}Leg", "foot": "{s}Foot",
        "toe": "{s}ToeBase",
    },
    ("Left", "Right"),
    "",
    (),
)  # fmt: skip


def roles(bones: tuple[str, ...]) -> Roles:
    """The roles of a rig by its bones' names. Raises InputError for rigs that are not known."""
    for known in (_MIXAMO, _GAME_ENGINE, _CMU):
        if known.hips in bones and known.head in bones and known.of("thigh", "left") in bones:
            return known
    raise InputError(
        "film-rig",
        "The rig to film is none of mixamo, game_engine and cmu_mb.",
        "Name one of these as the rig.",
    )
