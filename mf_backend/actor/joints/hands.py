"""The 21 joints of each hand, seen by MediaPipe Hands on crops at the wrists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.pose_views import Picture, Region, View, cut, undo

Floats = NDArray[np.float64]

POINTS = 21
ELBOWS, WRISTS = (6, 3), (7, 4)
"""Body joints of the left and of the right arm."""
_HAND_OF_FOREARM = 0.74
"""Hand length over forearm length, 0.108 over 0.146 of stature (Drillis and Contini 1966)."""
_HAND_OF_TORSO = 0.36
"""Hand length over the line from shoulders to hips, 0.108 over 0.30 of stature (same source)."""
_CONFIDENCE = 0.15
_FARTHEST = 0.7
"""Distance of the found wrist from the body's, in hand lengths."""
_SMALLEST, _LARGEST = 0.3, 1.7
"""Size of a found hand in expected hand lengths."""


@dataclass(frozen=True)
class _Look:
    """One crop: side in hand lengths, and whether it is shown mirrored."""

    side: float
    mirrored: bool = False


_LOOKS = (_Look(3.0), _Look(2.2, True), _Look(4.2))


def hand_length(body: Floats) -> float:
    """Expected length of the hands, pixels, from one frame's body joints [18, 2]; NaN unknown."""
    torso = np.linalg.norm((body[2] + body[5]) / 2 - (body[8] + body[11]) / 2)
    forearms = [
        np.linalg.norm(body[wrist] - body[elbow])
        for elbow, wrist in zip(ELBOWS, WRISTS, strict=True)
    ]
    lengths = [_HAND_OF_TORSO * torso, *(_HAND_OF_FOREARM * forearm for forearm in forearms)]
    known = [float(length) for length in lengths if np.isfinite(length)]
    # Limbs that point at the camera look short: the longest tells best.
    return max(known) if known else float("nan")


class HandEstimator:
    """MediaPipe Hands. A context manager: it holds native memory until closed."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.hands import Hands

        self._hands: Any = Hands(
            static_image_mode=True,
            max_num_hands=2,
            model_complexity=1,
            min_detection_confidence=_CONFIDENCE,
        )

    def __enter__(self) -> HandEstimator:
        return self

    def __exit__(self, *_: object) -> None:
        self._hands.close()

    def find(self, picture: Picture, body: Floats) -> tuple[Floats, Floats]:
        """Left and right hand of the person with body joints [18, 2]: two [21, 2], NaN not found.

        `picture` is RGB; all in its pixels.
        """
        hands: list[Floats] = []
        length = hand_length(body)
        for side in (0, 1):
            elbow, wrist = body[ELBOWS[side]], body[WRISTS[side]]
            found = None
            if np.isfinite([*wrist, length]).all():
                for look in _LOOKS:
                    found = self._look(picture, elbow, wrist, length, side, look)
                    if found is not None:
                        break
            hands.append(found if found is not None else np.full((POINTS, 2), np.nan))
        return _settle(hands[0], hands[1], body)

    def _look(
        self,
        picture: Picture,
        elbow: Floats,
        wrist: Floats,
        length: float,
        side: int,
        look: _Look,
    ) -> Floats | None:
        ahead = wrist - elbow
        reach = float(np.linalg.norm(ahead))
        middle = wrist + (0.5 * length / reach * ahead if reach > 0.3 * length else 0.0)
        region = Region(float(middle[0]), float(middle[1]), look.side * length)
        canvas, matrix = cut(picture, region, View(mirrored=look.mirrored))
        result = self._hands.process(np.ascontiguousarray(canvas))
        best: tuple[float, Floats] | None = None
        for landmarks, kind in zip(
            result.multi_hand_landmarks or (), result.multi_handedness or (), strict=True
        ):
            points = undo(
                matrix,
                np.array([(p.x, p.y) for p in landmarks.landmark], np.float64) * len(canvas) - 0.5,
            )
            away = float(np.linalg.norm(points[0] - wrist)) / length
            size = float(np.linalg.norm(points - points[0], axis=1).max()) / length
            if away > _FARTHEST or not _SMALLEST < size < _LARGEST:
                continue
            # MediaPipe names hands as a mirrored (selfie) picture shows them.
            says_left = (kind.classification[0].label == "Right") != look.mirrored
            doubt = 0.0 if says_left == (side == 0) else 0.25
            if best is None or away + doubt < best[0]:
                best = away + doubt, points
        return best[1] if best is not None else None


def _settle(left: Floats, right: Floats, body: Floats) -> tuple[Floats, Floats]:
    """Where both sides found the same hand, leave it to the nearer wrist."""
    if np.isfinite(left).all() and np.isfinite(right).all():
        size = np.linalg.norm(left - left[0], axis=1).max()
        if np.linalg.norm(left - right, axis=1).mean() < 0.25 * size:
            nearer = [
                np.linalg.norm(hand[0] - body[wrist])
                for hand, wrist in zip((left, right), WRISTS, strict=True)
            ]
            missing = np.full((POINTS, 2), np.nan)
            return (left, missing) if nearer[0] <= nearer[1] else (missing, right)
    return left, right
