"""The parts of the rig side that need no Blender."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import JOINT_INDEX, LEFT_HAND, RIGHT_HAND
from motionfollower_addon.core.rig import mapping as mappings
from motionfollower_addon.core.rig.bone_maps import load_bone_maps
from motionfollower_addon.core.rig.joints.compose import WorldPose, camera_positions, compose
from motionfollower_addon.core.rig.joints.convention import as_marked
from motionfollower_addon.core.rig.joints.face import PROPORTIONS, rest_head
from motionfollower_addon.core.rig.joints.hands import finish_hands
from motionfollower_addon.core.rig.joints.projection import Camera
from motionfollower_addon.core.rig.mapping import Anchor, End, Mapping, joint_label
from motionfollower_addon.core.rig.mirror import mirror, other_name
from motionfollower_addon.core.rig.retiming import plan

pytestmark = pytest.mark.once("numbers, without Blender")


def test_samples_at_the_clips_frame_times() -> None:
    result = plan((1, 49), 24, 61, 30)
    assert result.count == 61
    assert result.statement == ""
    assert result.sample_frames[:6] == (1.0, 1.8, 2.6, 3.4, 4.2, 5.0)
    assert result.sample_frames[-1] == 49.0
    film = plan((1, 49), Fraction(24000, 1001), 60, Fraction(30000, 1001))
    assert film.sample_frames[5] == 5.0
    assert plan((1, 49), 23.976, 49, 23.976).count == 49


@pytest.mark.parametrize(
    ("policy", "count", "last", "words"),
    [
        ("trim", 11, 11.0, "the clip's last 9 frames are trimmed"),
        ("hold", 20, 11.0, "held for the remaining 9 frames"),
        ("loop", 20, 10.0, "repeated"),
        ("stretch", 20, 11.0, "played slower"),
    ],
)
def test_motion_shorter_than_the_clip(policy: str, count: int, last: float, words: str) -> None:
    result = plan((1, 11), 24, 20, 24, policy)
    assert result.count == count
    assert result.sample_frames[-1] == last
    assert words in result.statement
    assert "11 frames of the clip's 20" in result.statement
    assert min(result.sample_frames) >= 1
    assert max(result.sample_frames) <= 11


@pytest.mark.parametrize("policy", ["trim", "hold", "loop"])
def test_motion_longer_than_the_clip(policy: str) -> None:
    result = plan((1, 100), 24, 20, 24, policy)
    assert result.sample_frames == tuple(float(k) for k in range(1, 21))
    assert "only its first 20 of 100 frames" in result.statement


def test_lengths_that_must_be_equal() -> None:
    with pytest.raises(InputError, match="is set to refuse that"):
        plan((1, 100), 24, 20, 24, "error")
    assert plan((1, 20), 24, 20, 24, "error").count == 20
    assert plan((5, 5), 24, 3, 24, "loop").sample_frames == (5.0, 5.0, 5.0)
    assert plan((5, 5), 24, 3, 24).count == 1
    for bad in (((1, 10), 24, 0, 24), ((10, 1), 24, 5, 24), ((1, 10), 0, 5, 24)):
        with pytest.raises(InputError):
            plan(*bad)


def person() -> np.ndarray:
    """A person facing -Y at the origin, joints [60, 3] in metres."""
    joints = np.full((60, 3), np.nan)
    for side, sign in (("left", 1), ("right", -1)):
        for name, x, z in (
            ("shoulder", 0.18, 1.45), ("elbow", 0.45, 1.45), ("wrist", 0.7, 1.45),
            ("hip", 0.1, 0.95), ("knee", 0.1, 0.5), ("ankle", 0.1, 0.1),
        ):  # fmt: skip
            joints[JOINT_INDEX[f"{side}_{name}"]] = sign * x, 0, z
    rest = {
        name: joints[JOINT_INDEX[name]]
        for name in ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    }
    head = rest_head({**rest, "head": np.array([0, 0, 1.6])})
    assert head is not None
    assert np.allclose(head.forward, (0, -1, 0))
    assert np.allclose(head.left, (1, 0, 0))
    for name, point in zip(PROPORTIONS, head.points, strict=True):
        joints[JOINT_INDEX[name]] = point
    return joints


def camera_at(turn: float) -> Camera:
    """A camera 5 m from the person at head height, `turn` degrees from the front to its left."""
    angle = np.radians(turn)
    back = np.array([np.sin(angle), -np.cos(angle), 0])
    right = np.cross((0, 0, 1), back)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([right, (0, 0, 1), back])
    matrix[:3, 3] = -matrix[:3, :3] @ (5 * back + (0, 0, 1.6))
    return Camera(matrix)


@pytest.mark.parametrize(
    ("turn", "seen"),
    [
        (0, {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}),
        (15, {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}),
        (90, {"nose", "left_eye", "left_ear"}),
        (-90, {"nose", "right_eye", "right_ear"}),
        (180, {"left_ear", "right_ear"}),
    ],
)
def test_what_is_seen_of_a_face(turn: float, seen: set[str]) -> None:
    forward, left = np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    joints = compose(WorldPose(person(), forward, left), camera_at(turn), (512, 512))
    assert {name for name in PROPORTIONS if np.isfinite(joints[JOINT_INDEX[name]]).all()} == seen
    middle = (joints[2] + joints[5]) / 2
    assert np.allclose(joints[1], middle, atol=1e-3)


@pytest.mark.parametrize("turn", [0, 60])
def test_positions_are_the_cameras(turn: float) -> None:
    seen = camera_positions(WorldPose(person()), camera_at(turn))
    # As seen from the left of the front the left hand is nearer; heads are above feet.
    nearer = seen[JOINT_INDEX["left_wrist"], 2] - seen[JOINT_INDEX["right_wrist"], 2]
    assert nearer == pytest.approx(-2 * 0.7 * np.sin(np.radians(turn)), abs=1e-5)
    assert seen[JOINT_INDEX["left_ankle"], 1] == pytest.approx(1.5, abs=1e-5)
    assert seen[1] == pytest.approx((0, 0.15, 5), abs=1e-5)
    assert np.isnan(seen[LEFT_HAND]).all()


def test_left_is_right_of_the_picture_from_the_front() -> None:
    joints = compose(WorldPose(person()), camera_at(0), (512, 512))
    for name in ("shoulder", "hip", "eye", "ear"):
        left, right = (joints[JOINT_INDEX[f"{side}_{name}"]] for side in ("left", "right"))
        assert left[0] > right[0]
    assert joints[JOINT_INDEX["nose"]][1] < joints[1][1] < joints[8][1] < joints[10][1]


def test_hands_in_part() -> None:
    joints = np.zeros((60, 2))
    whole = finish_hands(joints)
    assert np.isfinite(whole).all()
    joints[LEFT_HAND][3] = np.nan
    joints[RIGHT_HAND][1:13] = np.nan
    part = finish_hands(joints)
    assert np.isnan(part[LEFT_HAND][1:5]).all(), "a broken thumb goes whole"
    assert np.isfinite(part[LEFT_HAND][[0, *range(5, 21)]]).all()
    assert np.isnan(part[RIGHT_HAND]).all(), "two fingers are no hand"
    joints[4] = np.nan
    assert np.isnan(
        finish_hands(np.where(np.arange(60)[:, None] == 4, np.nan, 0.0))[RIGHT_HAND]
    ).all()


def test_mappings_are_saved_whole(odd_path: Path) -> None:
    mapping = Mapping("custom", "Mein Rig", {"left_knee": Anchor("Knie L", End.TAIL)}, guessed=True)
    mappings.save(mapping, odd_path / "bönes.json")
    assert mappings.load(odd_path / "bönes.json") == mapping
    (odd_path / "broken.json").write_text("{")
    (odd_path / "other.json").write_text('{"joints": {"tail_fin": {"bone": "x"}}}')
    for name, words in (("broken", "cannot be read"), ("other", "tail_fin"), ("none", "cannot")):
        with pytest.raises(InputError, match=words):
            mappings.load(odd_path / f"{name}.json")


def test_mirroring() -> None:
    for bone_map in load_bone_maps():
        for joint, alternatives in bone_map.joints.items():
            if joint.startswith("left_"):
                for left, right in zip(
                    alternatives, bone_map.joints["right_" + joint[5:]], strict=True
                ):
                    left, right = left.split(">")[0], right.split(">")[0]
                    assert other_name(left) == right
                    assert other_name(right) == left
    for name in ("spine", "collar", "clavicle", "root.001", "Rolle"):
        assert other_name(name) == name
    half = Mapping("custom", "", {"left_knee": Anchor("shin.L"), "left_hip": Anchor("thigh.L")})
    whole = mirror(half, ["shin.L", "shin.R", "thigh.L"])
    assert whole.joints["right_knee"] == Anchor("shin.R")
    assert "right_hip" not in whole.joints


def test_joints_as_people_call_them() -> None:
    assert joint_label("left_knee") == "left knee"
    assert joint_label("right_hand_index_2") == "right index finger 2"
    assert joint_label("left_hand_thumb_1") == "left thumb 1"


def test_joints_go_to_where_pictures_are_marked() -> None:
    bones = person()
    marked = as_marked(bones)
    moved = marked - bones
    # Shoulders up and in, ankles up the shin, hips forward (the person faces -y); knees stay.
    for side, sign in (("left", 1), ("right", -1)):
        at = {name: moved[JOINT_INDEX[f"{side}_{name}"]] for name in ("shoulder", "ankle", "hip")}
        assert at["shoulder"][2] == pytest.approx(0.037 * 0.5)
        assert sign * at["shoulder"][0] < -0.01
        assert at["ankle"] == pytest.approx((0, 0, 0.046 * 0.4))
        assert at["hip"][1] == pytest.approx(-0.027 * 0.5)
        assert np.array_equal(moved[JOINT_INDEX[f"{side}_knee"]], (0, 0, 0))
    # It turns and grows with the body, and with a limb that is missing the others still move.
    turn = np.array([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    assert np.allclose(as_marked(bones @ turn.T), marked @ turn.T, equal_nan=True)
    bones[JOINT_INDEX["left_knee"]] = np.nan
    less = as_marked(bones)
    assert np.array_equal(less[JOINT_INDEX["left_ankle"]], bones[JOINT_INDEX["left_ankle"]])
    assert np.allclose(less[JOINT_INDEX["right_ankle"]], marked[JOINT_INDEX["right_ankle"]])


@pytest.mark.parametrize("begins", [0.31, 0.43])
def test_a_face_does_not_hang_on_where_the_head_bone_begins(begins: float) -> None:
    joints = person()
    names = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    rest = {name: joints[JOINT_INDEX[name]] for name in names}
    head = rest_head({**rest, "head": np.array([0, 0, 1.45 + 0.5 * begins])})
    assert head is not None
    assert head.points[0] == pytest.approx((0, -0.145, 1.675))
    # A long neck carries its face up.
    high = rest_head({**rest, "head": np.array([0, 0, 1.45 + 0.5 * 0.8])})
    assert high is not None
    assert high.points[0][2] == pytest.approx(1.675 + 0.5 * 0.34)
