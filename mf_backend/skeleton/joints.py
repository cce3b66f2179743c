"""The 60 joints of a skeleton and how they connect; the order fixed by the pose pictures.

Source: measured from the pose pictures the MotionFollower weights were trained on. Right and left
are the person's own.
"""

from __future__ import annotations

BODY_JOINTS = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
FINGERS = ("thumb", "index", "middle", "ring", "little")
HAND_JOINTS = ("wrist", *(f"{finger}_{k}" for finger in FINGERS for k in (1, 2, 3, 4)))

BODY = slice(0, 18)
LEFT_HAND = slice(18, 39)
RIGHT_HAND = slice(39, 60)
JOINT_COUNT = 60

JOINT_NAMES = (
    *BODY_JOINTS,
    *(f"left_hand_{name}" for name in HAND_JOINTS),
    *(f"right_hand_{name}" for name in HAND_JOINTS),
)
JOINT_INDEX = {name: index for index, name in enumerate(JOINT_NAMES)}

# Pairs of body joints, in drawing order.
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
# Pairs of points of one hand (0 is the wrist), in drawing order.
HAND_LINES = tuple(
    (0 if k == 0 else 4 * finger + k, 4 * finger + k + 1) for finger in range(5) for k in range(4)
)
