"""`condition` on real frames of a person, through the command line and the real estimators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.actor.masks.shape import widen
from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import image_size, read_grey, read_image
from mf_backend.contracts.conditions import JointState, load_conditions

from ..conftest import Ran, write_frames, write_joints

Run = Callable[..., Ran]

pytestmark = pytest.mark.slow


def check_folder(out: Path, count: int, size: tuple[int, int]) -> None:
    """What DESIGN promises about the folder."""
    for kind in ("source_poses", "source_masks", "target_poses", "target_masks"):
        assert sorted(p.name for p in (out / kind).iterdir()) == sorted(
            f"frame_{index}.png" for index in range(count)
        )
        for index in range(count):
            assert image_size(out / kind / f"frame_{index}.png") == size
    for index in range(count):
        for kind in ("source_masks", "target_masks"):
            mask = read_grey(out / kind / f"frame_{index}.png")
            assert np.isin(mask, (0, 255)).all() and (mask == 255).any()
    with np.load(out / "joints.npz") as data:
        for name in ("source", "target"):
            assert data[name].shape == (count, 60, 2) and data[name].dtype == np.float32


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_folder_of_images(
    condition: Run, actor: list[np.ndarray], shared: Path, odd_path: Path
) -> None:
    clip = write_frames(odd_path / "clip", actor[:6])
    target = write_joints(odd_path / "target.npz", 6, (512, 512))
    positions = np.arange(6 * 60 * 3, dtype=np.float32).reshape(6, 60, 3)
    with np.load(target) as data:
        np.savez(target, positions=positions, **data)
    out = odd_path / "out"
    # How the estimated masks agree with careful ones, before they are widened.
    plain = ("--widen-mask", "0", "--json")
    ran = condition("--reference", clip, "--target-joints", target, "--out", out, *plain)
    assert ran.code == 0, ran.err
    check_folder(out, 6, (512, 512))
    report = ran.json
    assert report["frames"] == 6 and report["joints"]["frames_without_person"] == []
    conditions = load_conditions(out)
    assert np.array_equal(conditions.target_positions, positions)
    world = conditions.source_world
    assert world is not None and world.shape == (6, 60, 3)
    trunk = world[:, [2, 5]].mean(1) - world[:, [8, 11]].mean(1)
    # A grown person's trunk in metres, upright in the picture.
    assert (np.linalg.norm(trunk, axis=1) > 0.35).all() and (trunk[:, 1] < -0.3).all()
    hands = report["joints"]["hands"]
    # Both wrists are in the picture throughout; of the right hand nearly nothing is.
    assert all(sum(hands[side].values()) == 6 for side in ("left", "right"))
    assert hands["left"]["found"] >= 4
    assert report["align"]["mode"] == "fit" and report["align"]["scale"] > 0
    assert (out / "contact_sheet.png").is_file()
    with np.load(shared / "clips/case-1/reference_body_joints.npz") as data:
        reference = data["source_poses"][:6]
    joints = load_conditions(out).source_joints
    found = joints[:, :18]
    for elbow, wrist, hand in ((6, 7, joints[:, 18:39]), (3, 4, joints[:, 39:60])):
        forearm = np.linalg.norm(joints[:, wrist] - joints[:, elbow], axis=-1)
        reach = np.linalg.norm(hand - joints[:, wrist, None], axis=-1)
        # Every frame has both hands, at their wrists: a hand is shorter than its forearm.
        assert (np.nanmax(reach, axis=1) < forearm).all()
    inside = ((reference > 4) & (reference < 507)).all(axis=-1)
    inside[:, [10, 13]] = False
    assert np.linalg.norm(found - reference, axis=-1)[inside].mean() < 9
    masks = []
    for index in range(6):
        mine = read_grey(out / "source_masks" / f"frame_{index}.png") > 127
        theirs = read_grey(shared / f"clips/case-1/source_masks/frame_{index}.png") > 127
        assert overlap(mine, theirs) > 0.93
        masks.append(mine)
    # Into the same folder again: allowed, since it is its own.
    again = condition(
        "--reference", clip, "--target-joints", target, "--out", out, "--widen-mask", "2"
    )
    assert again.code == 0 and "frames/s" in again.out
    for index, before in enumerate(masks):
        wider = read_grey(out / "source_masks" / f"frame_{index}.png") > 127
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        assert np.array_equal(wider, cv2.dilate(before.astype(np.uint8), kernel) > 0)


def test_odd_size_one_frame_cut_at_the_edge(
    condition: Run, actor: list[np.ndarray], odd_path: Path
) -> None:
    clip = write_frames(odd_path / "clip", [actor[12][:501, 131:430]])
    target = write_joints(odd_path / "target.npz", 1, (299, 501))
    out = odd_path / "out"
    ran = condition("--reference", clip, "--target-joints", target, "--out", out)
    assert ran.code == 0, ran.err
    check_folder(out, 1, (299, 501))


def test_other_mask_estimator(
    condition: Run, actor: list[np.ndarray], shared: Path, odd_path: Path
) -> None:
    clip = write_frames(odd_path / "clip", actor[:2])
    target = write_joints(odd_path / "target.npz", 2, (512, 512))
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-poses", _first(shared / "clips/case-1/source_poses", odd_path, 2),
        "--mask-estimator", "mediapipe", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json["masks"]["estimator"] == "mediapipe" and not ran.json["masks"]["rejected"]
    for index in range(2):
        mine = read_grey(odd_path / "out" / "source_masks" / f"frame_{index}.png") > 127
        theirs = read_grey(shared / f"clips/case-1/source_masks/frame_{index}.png") > 127
        assert overlap(mine, theirs) > 0.85


def test_matched_copies_the_pictures(
    condition: Run, actor: list[np.ndarray], shared: Path, odd_path: Path
) -> None:
    clip = write_frames(odd_path / "clip", actor[:2])
    poses = odd_path / "poses"
    poses.mkdir()
    for index in range(2):
        data = (shared / f"clips/case-1/target_poses/frame_{index}.png").read_bytes()
        (poses / f"frame_{index}.png").write_bytes(data)
    out = odd_path / "out"
    own = shared / "clips/case-1"
    masks = write_frames(
        odd_path / "masks", [read_image(own / f"source_masks/frame_{i}.png") for i in range(2)]
    )
    ran = condition(
        "--reference", clip, "--target-poses", poses, "--out", out, "--alignment", "matched",
        "--source-masks", masks, "--source-poses", _first(own / "source_poses", odd_path, 2),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    check_folder(out, 2, (512, 512))
    for index in range(2):
        name = f"frame_{index}.png"
        assert (out / "target_poses" / name).read_bytes() == (poses / name).read_bytes()
        given = read_grey(masks / name) >= 128
        mask = read_grey(out / "source_masks" / name) > 127
        # An exact mask leaves a thin outline: it grows by the 2 pixels of the default, and by what
        # the actor's edge still shows beside it.
        assert not (given & ~mask).any() and (widen(given, 2) & ~mask).sum() == 0
        assert not (mask & ~widen(given, 6)).any()
    with np.load(out / "joints.npz") as data:
        assert set(np.unique(data["source_state"])) <= {JointState.ABSENT, JointState.GIVEN}
    with np.load(own / "reference_body_joints.npz") as data:
        reference = data["target_poses"][:2]
    distance = np.linalg.norm(load_conditions(out).target_joints[:, :18] - reference, axis=-1)
    assert np.nanmedian(distance) <= 1.0


def _first(folder: Path, odd_path: Path, count: int) -> Path:
    copy = odd_path / f"first {folder.name}"
    copy.mkdir()
    for path in scan(folder).files[:count]:
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def test_black_frames_are_named_and_bridged(
    condition: Run, actor: list[np.ndarray], odd_path: Path
) -> None:
    frames = [frame.copy() for frame in actor[:7]]
    for index in (3, 4):
        frames[index][:] = 2
    clip = write_frames(odd_path / "clip", frames)
    target = write_joints(odd_path / "target.npz", 7, (512, 512))
    out = odd_path / "out"
    ran = condition("--reference", clip, "--target-joints", target, "--out", out, "--json")
    assert ran.code == 0, ran.err
    assert "Frames that are black: 3-4" in ran.err
    assert ran.json["joints"]["black_frames"] == [3, 4]
    with np.load(out / "joints.npz") as data:
        assert (data["source_state"][3, :8] == JointState.CARRIED).all()


def test_inverted_masks_are_named_and_replaced(
    condition: Run, actor: list[np.ndarray], shared: Path, odd_path: Path
) -> None:
    clip = write_frames(odd_path / "clip", actor[:3])
    good = [read_grey(shared / f"clips/case-1/source_masks/frame_{i}.png") for i in range(3)]
    masks = write_frames(odd_path / "masks", [good[0], 255 - good[1], good[2]])
    target = write_joints(odd_path / "target.npz", 3, (512, 512))
    out = odd_path / "out"
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", out, "--source-masks", masks,
        "--source-poses", _first(shared / "clips/case-1/source_poses", odd_path, 3),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "masks of frames 1 look inverted" in ran.err
    for index in range(3):
        mask = read_grey(out / "source_masks" / f"frame_{index}.png") > 127
        assert overlap(mask, good[index] > 127) > 0.9
        # A given one is grown by what its edge leaves visible, and loses nothing.
        assert index == 1 or mask[good[index] > 127].all()


def test_nobody_in_the_clip(condition: Run, odd_path: Path) -> None:
    ramp = np.linspace(0, 255, 320).astype(np.uint8)
    frame = np.repeat(np.tile(ramp, (240, 1))[..., None], 3, axis=2)
    clip = write_frames(odd_path / "clip", [frame] * 3)
    target = write_joints(odd_path / "target.npz", 3, (320, 240))
    ran = condition("--reference", clip, "--target-joints", target, "--out", odd_path / "out")
    assert ran.code == 2
    assert "Nobody was found in the clip." in ran.err and "Traceback" not in ran.err


def test_a_person_who_leaves(condition: Run, actor: list[np.ndarray], odd_path: Path) -> None:
    empty = np.full((512, 512, 3), 120, np.uint8)
    clip = write_frames(odd_path / "clip", [*actor[:3], *[empty] * 9])
    target = write_joints(odd_path / "target.npz", 12, (512, 512))
    out = odd_path / "out"
    ran = condition("--reference", clip, "--target-joints", target, "--out", out, "--json")
    assert ran.code == 0, ran.err
    assert "not found on frames 3-11" in ran.err
    assert ran.json["joints"]["frames_absent"] == list(range(3, 12))
    assert not read_grey(out / "source_masks" / "frame_10.png").any()


def test_two_people_follow_the_one_pointed_at(condition: Run, shared: Path, odd_path: Path) -> None:
    """Two actors pass each other; each is followed through the crossing."""
    frames, shifts = _crossing(shared, 12)
    clip = write_frames(odd_path / "clip", frames)
    target = write_joints(odd_path / "target.npz", 12, (480, 256))
    for side, first_x in ((0, shifts[0][0]), (1, shifts[1][0])):
        out = odd_path / f"out {side}"
        ran = condition(
            "--reference", clip, "--target-joints", target, "--out", out,
            "--person", f"0,{first_x + 128},128",
        )  # fmt: skip
        assert ran.code == 0, ran.err
        neck = load_conditions(out).source_joints[:, 1, 0]
        with np.load(shared / f"clips/case-{(1, 6)[side]}/reference_body_joints.npz") as data:
            truth = data["source_poses"][:12, 1, 0] / 2 + np.array(shifts[side])
        assert np.nanmax(np.abs(neck - truth)) < 30
        assert np.isfinite(neck[[0, 1, 2, 9, 10, 11]]).all()


def _crossing(shared: Path, count: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Frames of 480x256 with two actors cut out by their masks, and where each stands."""
    shifts: list[list[int]] = [[], []]
    frames = []
    for index in range(count):
        canvas = np.full((256, 480, 3), (120, 130, 140), np.uint8)
        for side, case in ((1, 6), (0, 1)):
            folder = shared / f"clips/case-{case}"
            files = f"source_images/frame_{index}.jpg", f"source_masks/frame_{index}.png"
            half = {"dsize": (256, 256), "interpolation": cv2.INTER_AREA}
            picture = cv2.resize(read_image(folder / files[0]), **half)
            mask = cv2.resize(read_grey(folder / files[1]), **half) > 127
            x = 20 * index if side == 0 else 224 - 20 * index
            shifts[side].insert(index, x)
            low, high = max(0, x), min(480, x + 256)
            part = np.s_[:, low - x : high - x]
            canvas[:, low:high][mask[part]] = picture[part][mask[part]]
        frames.append(canvas)
    return frames, shifts
