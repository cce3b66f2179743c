"""Moves by name. Each is made with its own speed, phase and amount, and gives stances over time."""

from __future__ import annotations

import math
from collections.abc import Callable

from film.motion.stance import Foot, Move, Stance
from film.motion.wander import wander


def _wave(t: float, period: float, phase: float = 0.0) -> float:
    return math.sin(2 * math.pi * (t / period + phase))


def _smooth(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def _there_and_back(t: float, period: float, phase: float) -> float:
    """From 0 to 1 and back, resting a little at both ends."""
    return _smooth(0.5 - 0.62 * math.cos(2 * math.pi * (t / period + phase)))


def stand(speed: float, phase: float, amount: float) -> Move:
    """Standing, the weight from foot to foot, the head looking about."""

    def at(t: float) -> Stance:
        sway = _wave(t * speed, 2.6, phase)
        return Stance(
            hips=(0.035 * sway * amount, 0.0, -0.012),
            side=-0.04 * sway * amount,
            twist=0.08 * _wave(t * speed, 3.1, phase) * amount,
            look=0.3 * _wave(t * speed, 2.9, phase + 0.2) * amount,
            nod=0.05 * _wave(t * speed, 1.7, phase),
            upper_arms=((0.24, -1, 0.05 * sway), (0.24, -1, -0.05 * sway)),
            forearms=((0.1, -1, 0.25 + 0.1 * sway), (0.1, -1, 0.25 - 0.1 * sway)),
        )

    return at


def walk(speed: float, phase: float, amount: float) -> Move:
    """Walking to the front, over the floor."""
    period, stride = 1.08 / speed, 1.45 * amount

    def foot(t: float, own: float, left: float) -> tuple[Foot, float]:
        cycle = t / period + phase + own
        step, into = math.floor(cycle), cycle - math.floor(cycle)
        here = (step - phase - own + 0.30) * stride
        if into < 0.6:
            lift = _smooth((into - 0.38) / 0.22) * 0.55
            return Foot(left=left, front=here, pitch=lift), into
        way = (into - 0.6) / 0.4
        up = 0.09 * math.sin(math.pi * way)
        pitch = 0.55 * (1 - _smooth(way * 1.6)) - 0.22 * _smooth((way - 0.5) * 2)
        return Foot(left=left, front=here + stride * _smooth(way), up=up, pitch=pitch), into

    def at(t: float) -> Stance:
        left, into = foot(t, 0.0, 0.09)
        right, _ = foot(t, 0.5, -0.09)
        swing = math.cos(2 * math.pi * (into - 0.05))
        bob = math.cos(4 * math.pi * (into - 0.3))
        return Stance(
            hips=(
                0.03 * math.sin(2 * math.pi * (into + 0.0)),
                stride * t / period,
                -0.03 + 0.018 * bob,
            ),
            tilt=0.04,
            bend=0.05,
            twist=0.16 * swing * amount,
            side=0.02 * swing,
            upper_arms=((0.2, -1, -0.42 * swing * amount), (0.2, -1, 0.42 * swing * amount)),
            forearms=(
                (0.05, -1, 0.35 - 0.4 * swing * amount),
                (0.05, -1, 0.35 + 0.4 * swing * amount),
            ),
            feet=(left, right),
            knees=0.05,
        )

    return at


def wave(speed: float, phase: float, amount: float) -> Move:
    """Waving with the right hand, the left one at the side."""

    def at(t: float) -> Stance:
        beat = _wave(t * speed, 0.8, phase)
        sway = _wave(t * speed, 2.2, phase)
        return Stance(
            hips=(0.03 * sway, 0.0, -0.012),
            side=0.05 + 0.03 * sway,
            look=-0.15,
            upper_arms=((0.26, -1, 0.0), (0.95, 0.15 * amount + 0.06 * beat, 0.25)),
            forearms=((0.14, -1, 0.25), (0.25 + 0.42 * beat * amount, 1.0, 0.2)),
            curl=(0.3, 0.08),
        )

    return at


def raise_arms(speed: float, phase: float, amount: float) -> Move:
    """Both arms from the sides up over the head and down again."""

    def at(t: float) -> Stance:
        up = _there_and_back(t * speed, 2.0, phase)
        angle = -1.25 + (2.45 * up) * amount
        out, height = math.cos(angle), math.sin(angle)
        return Stance(
            hips=(0.0, 0.0, -0.012 - 0.02 * up),
            nod=-0.12 * up,
            upper_arms=((out + 0.05, height, 0.1), (out + 0.05, height, 0.1)),
            forearms=((out * 0.7, height, 0.25), (out * 0.7, height, 0.25)),
            curl=(0.12, 0.12),
        )

    return at


def squat(speed: float, phase: float, amount: float) -> Move:
    """Down into a squat with the arms to the front, and up."""

    def at(t: float) -> Stance:
        down = _there_and_back(t * speed, 1.9, phase) * amount
        feet = (Foot(left=0.2, turn=0.3), Foot(left=-0.2, turn=-0.3))
        return Stance(
            hips=(0.0, -0.22 * down, -0.012 - 0.46 * down),
            tilt=0.5 * down,
            bend=0.12 * down,
            nod=-0.35 * down,
            upper_arms=((0.25, -1 + 1.05 * down, 0.05 + 0.95 * down),) * 2,
            forearms=((0.05, -1 + 0.95 * down, 0.25 + 0.75 * down),) * 2,
            feet=feet,
            knees=0.45,
        )

    return at


def turn_round(speed: float, phase: float, amount: float) -> Move:
    """Turning on the spot, away from where the body looked and on."""

    def at(t: float) -> Stance:
        angle = (t * speed / 2.0 + phase) * math.pi * amount
        feet = []
        for own, left in ((0.0, 0.13), (0.5, -0.13)):
            steps = angle / 0.6 + own
            into = steps - math.floor(steps)
            planted = (math.floor(steps) - own + 0.5) * 0.6
            heading = planted + 0.6 * _smooth((into - 0.6) / 0.4)
            up = 0.07 * math.sin(math.pi * max(0.0, (into - 0.6) / 0.4))
            feet.append(Foot(left * math.cos(heading), -left * math.sin(heading), up, 0.0, heading))
        swing = _wave(t * speed, 1.1, phase)
        return Stance(
            hips=(0.02 * swing, 0.0, -0.02),
            turn=angle,
            twist=0.12,
            look=0.25,
            upper_arms=((0.28, -1, 0.12 * swing), (0.28, -1, -0.12 * swing)),
            forearms=((0.15, -1, 0.35), (0.15, -1, 0.35)),
            feet=(feet[0], feet[1]),
        )

    return at


def sit(speed: float, phase: float, amount: float) -> Move:
    """Sitting on something as high as a knee, the hands talking."""

    def at(t: float) -> Stance:
        beat, slow = _wave(t * speed, 1.3, phase), _wave(t * speed, 2.4, phase + 0.1)
        return Stance(
            hips=(0.0, -0.30, -0.47),
            tilt=-0.06,
            bend=0.10 + 0.05 * slow,
            look=0.25 * slow,
            nod=0.05 * beat,
            upper_arms=((0.35, -1, 0.35 + 0.1 * beat), (0.35, -1, 0.35 - 0.1 * beat)),
            forearms=(
                (-0.25, 0.05 + 0.3 * beat * amount, 1.0),
                (-0.25, 0.05 - 0.3 * beat * amount, 1.0),
            ),
            feet=(Foot(left=0.14, front=0.24, turn=0.15), Foot(left=-0.14, front=0.20, turn=-0.15)),
            knees=0.12,
        )

    return at


def dance(speed: float, phase: float, amount: float) -> Move:
    """Steps from side to side with swinging hips and arms."""

    def at(t: float) -> Stance:
        beat, half = _wave(t * speed, 1.0, phase), _wave(t * speed, 2.0, phase)
        lift = max(0.0, beat)
        drop = max(0.0, -beat)
        return Stance(
            hips=(0.12 * half * amount, 0.02, -0.06 - 0.03 * abs(beat)),
            turn=0.35 * half * amount,
            side=-0.14 * beat * amount,
            twist=-0.2 * half * amount,
            look=-0.2 * half,
            upper_arms=((0.8, -0.25 + 0.5 * beat, 0.45), (0.8, -0.25 - 0.5 * beat, 0.45)),
            forearms=((0.1, 0.75 + 0.3 * beat, 0.6), (0.1, 0.75 - 0.3 * beat, 0.6)),
            curl=(0.5, 0.5),
            feet=(
                Foot(left=0.2 + 0.06 * half, up=0.10 * lift * amount, pitch=0.35 * lift, turn=0.2),
                Foot(
                    left=-0.2 + 0.06 * half, up=0.10 * drop * amount, pitch=0.35 * drop, turn=-0.2
                ),
            ),
            knees=0.25,
        )

    return at


def kick(speed: float, phase: float, amount: float) -> Move:
    """Kicking to the front with the right foot, the arms for balance."""

    def at(t: float) -> Stance:
        out = _there_and_back(t * speed, 1.5, phase) * amount
        return Stance(
            hips=(0.08, -0.05 * out, -0.03),
            tilt=-0.18 * out,
            bend=0.10 * out,
            twist=0.25 * out,
            upper_arms=((0.7, -0.6, 0.6 * out), (0.7, -0.6, -0.5 * out)),
            forearms=((0.2, -0.1, 0.9), (0.3, -0.4, 0.6)),
            curl=(0.6, 0.6),
            feet=(
                Foot(left=0.08),
                Foot(left=-0.10, front=-0.15 + 1.0 * out, up=0.62 * out, pitch=0.35 - 0.9 * out),
            ),
        )

    return at


def carry(speed: float, phase: float, amount: float) -> Move:
    """Walking on the spot with both hands in front of the belly, as with a box."""

    def at(t: float) -> Stance:
        beat = _wave(t * speed, 1.1, phase)
        return Stance(
            hips=(0.05 * beat, 0.0, -0.04),
            bend=-0.05,
            side=-0.04 * beat * amount,
            upper_arms=((0.30, -1.0, 0.10),) * 2,
            forearms=((-0.05, 0.12 + 0.06 * beat, 1.0),) * 2,
            curl=(0.35, 0.35),
            feet=(
                Foot(left=0.12, up=0.10 * max(0.0, -beat) * amount, pitch=0.3 * max(0.0, -beat)),
                Foot(left=-0.12, up=0.10 * max(0.0, beat) * amount, pitch=0.3 * max(0.0, beat)),
            ),
        )

    return at


def lift_box(speed: float, phase: float, amount: float) -> Move:
    """Holding something with both hands, from the knees up to the chest and back."""

    def at(t: float) -> Stance:
        down = _there_and_back(t * speed, 2.2, phase) * amount
        return Stance(
            hips=(0.0, -0.20 * down, -0.02 - 0.34 * down),
            tilt=0.55 * down,
            bend=0.25 * down,
            nod=-0.2 * down,
            upper_arms=((0.28, -1.0, 0.15 + 0.1 * down),) * 2,
            forearms=((-0.05, 0.15 - 0.75 * down, 1.0),) * 2,
            curl=(0.35, 0.35),
            feet=(Foot(left=0.19, turn=0.25), Foot(left=-0.19, turn=-0.25)),
            knees=0.4,
        )

    return at


def reach(speed: float, phase: float, amount: float) -> Move:
    """Reaching up and to the side with the left arm, bending over."""

    def at(t: float) -> Stance:
        far = _there_and_back(t * speed, 1.8, phase) * amount
        return Stance(
            hips=(0.14 * far, 0.0, -0.03 - 0.04 * far),
            side=0.30 * far,
            twist=-0.15 * far,
            look=0.35 * far,
            upper_arms=((0.3 + 0.7 * far, -1 + 1.4 * far, 0.1 + 0.2 * far), (0.35, -1.0, 0.0)),
            forearms=((0.1 + 0.8 * far, -1 + 1.75 * far, 0.3), (0.2, -0.6, 0.7)),
            curl=(0.1, 0.4),
            feet=(Foot(left=0.24, turn=0.2), Foot(left=-0.16, pitch=0.3 * far)),
        )

    return at


def bow(speed: float, phase: float, amount: float) -> Move:
    """A deep bow, the arms hanging."""

    def at(t: float) -> Stance:
        down = _there_and_back(t * speed, 2.0, phase) * amount
        return Stance(
            hips=(0.0, -0.10 * down, -0.015),
            tilt=0.6 * down,
            bend=0.55 * down,
            nod=0.15 * down,
            upper_arms=((0.24, -1.0, 0.05 + 0.75 * down),) * 2,
            forearms=((0.05, -1.0, 0.2 + 0.8 * down),) * 2,
        )

    return at


def hands_on_hips(speed: float, phase: float, amount: float) -> Move:
    """Hands on the hips, the trunk turning."""

    def at(t: float) -> Stance:
        slow = _wave(t * speed, 2.0, phase)
        return Stance(
            hips=(0.05 * slow, 0.0, -0.015),
            twist=0.4 * slow * amount,
            side=0.08 * slow * amount,
            look=0.2 * slow,
            upper_arms=((0.85, -0.75, -0.25), (0.85, -0.75, -0.25)),
            forearms=((-0.75, -0.45, 0.35), (-0.75, -0.45, 0.35)),
            curl=(0.4, 0.4),
        )

    return at


MOVES: dict[str, Callable[[float, float, float], Move]] = {
    "stand": stand, "walk": walk, "wave": wave, "raise_arms": raise_arms, "squat": squat,
    "turn_round": turn_round, "sit": sit, "dance": dance, "kick": kick, "carry": carry,
    "lift_box": lift_box, "reach": reach, "bow": bow, "hands_on_hips": hands_on_hips,
    "wander": wander,
}  # fmt: skip
"""To add one: write it beside these and name it here."""
