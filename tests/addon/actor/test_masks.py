"""Masks drawn in Blender and painted elsewhere, taken as the actor's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from mf_backend.actor.mends.mask_file import LayerPictures, picture_path, put_layers, read_layers
from mf_backend.actor.mends.mask_layers import MaskRole
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.clip.picture_file import read_grey
from mf_backend.clip.writer import png_bytes
from tests.addon.scenes import SIZE
from tests.backend.tiny_job import write_picture

from .mask_shapes import ellipse, key_shape, place


def mends() -> Path:
    from motionfollower_addon.host.view import fitted_actor

    return Path(fitted_actor.find(bpy.context).mends)


def drawn(layer: Any, frame: int) -> np.ndarray:
    sha256 = layer.picture(frame)
    assert sha256 is not None
    return read_grey(picture_path(mends(), sha256))


def centre(picture: np.ndarray) -> float:
    """Column of the middle of what is white."""
    return float((picture.sum(axis=0) * np.arange(picture.shape[1])).sum() / picture.sum())


@pytest.fixture
def mask(shot: Any) -> Any:
    """A Mask with two layers, of which "arm" goes to the right from scene frame 10 to 15."""
    made = bpy.data.masks.new("Roto ü")
    arm = ellipse(made.layers.new(name="arm"), (0.4, 0.5), (0.1, 0.2), 0.03)
    ellipse(made.layers.new(name="post"), (0.5, 0.3), (0.05, 0.2))
    shot.frame_set(10)
    key_shape(made)
    shot.frame_set(15)
    place(arm, (0.6, 0.5), (0.1, 0.2), 0.03)
    key_shape(made)
    shot.motionfollower.actor_mask = made
    shot.frame_set(12)
    return made


def test_layers_are_drawn_on_the_clips_frames_and_taken_away(shot: Any, mask: Any) -> None:
    from motionfollower_addon.host.view import corrections

    with pytest.raises(RuntimeError, match="has a role"):
        bpy.ops.motionfollower.mask_apply()
    for layer, role in (("arm", "cut"), ("post", "front")):
        assert bpy.ops.motionfollower.mask_role(layer=layer, role=role) == {"FINISHED"}
    assert bpy.ops.motionfollower.mask_apply() == {"FINISHED"}
    assert (shot.frame_current, shot.frame_subframe) == (12, 0)
    arm, post = read_layers(mends())
    assert (arm.role, post.role) == (MaskRole.CUT, MaskRole.FRONT)
    assert (arm.name, arm.size) == ("Roto ü / arm", SIZE)
    assert list(arm.frames()) == list(range(6)) and len(arm.stretches) == 6
    assert len(post.stretches) == 1
    # A Mask is as wide as the picture's longer side.
    assert centre(drawn(arm, 0)) == pytest.approx(48 - 0.1 * 128 - 0.5, abs=0.3)
    assert centre(drawn(arm, 5)) == pytest.approx(48 + 0.1 * 128 - 0.5, abs=0.3)
    before = {path: path.stat().st_mtime_ns for path in (mends() / "masks").iterdir()}
    assert bpy.ops.motionfollower.mask_apply() == {"FINISHED"}
    after = {path: path.stat().st_mtime_ns for path in (mends() / "masks").iterdir()}
    assert after == before
    lines = corrections.known(shot).layers
    assert [line.text for line in lines] == [
        "Cut: Roto ü / arm (frames 1-6)", "In Front: Roto ü / post (frames 1-6)"
    ]  # fmt: skip
    assert bpy.ops.motionfollower.mask_remove(name=lines[0].id) == {"FINISHED"}
    assert read_layers(mends()) == (post,)
    assert len(list((mends() / "masks").iterdir())) == 1
    with pytest.raises(RuntimeError, match="taken away already"):
        bpy.ops.motionfollower.mask_remove(name=lines[0].id)


def test_what_is_no_use_is_said(shot: Any, mask: Any) -> None:
    values = shot.motionfollower
    values.actor_mask = bpy.data.masks.new("empty")
    with pytest.raises(RuntimeError, match="has no layers"):
        bpy.ops.motionfollower.mask_apply()
    with pytest.raises(RuntimeError, match="Choose a Mask that has this layer"):
        bpy.ops.motionfollower.mask_role(layer="arm", role="add")
    values.actor_mask = None
    with pytest.raises(RuntimeError, match="No Mask is chosen"):
        bpy.ops.motionfollower.mask_apply()
    values.actor_mask = mask
    ellipse(mask.layers.new(name="away"), (3.0, 0.5), (0.1, 0.1))
    bpy.ops.motionfollower.mask_role(layer="away", role="add")
    with pytest.raises(RuntimeError, match=r"'away'.*covers nothing of the footage.*10 to 15"):
        bpy.ops.motionfollower.mask_apply()
    bpy.ops.motionfollower.mask_role(layer="away", role="none")
    bpy.ops.motionfollower.mask_role(layer="arm", role="add")
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    before, area.type = area.type, "IMAGE_EDITOR"
    try:
        area.spaces.active.mode = "MASK"
        area.spaces.active.mask = mask
        area.spaces.active.image = bpy.data.images.new("other", 200, 100)
        with pytest.raises(RuntimeError, match="200x100 pixels, but the footage is 96x128"):
            bpy.ops.motionfollower.mask_apply()
        area.spaces.active.image = bpy.data.images.new("half", 48, 64)
        assert bpy.ops.motionfollower.mask_apply() == {"FINISHED"}
    finally:
        area.spaces.active.mask = area.spaces.active.image = None
        area.type = before


def test_painted_pictures_are_taken(shot: Any, tmp_path: Path) -> None:
    grey = np.zeros(SIZE[::-1], np.uint8)
    grey[10:20, 30:50] = 200
    write_picture(tmp_path / "some ü" / "f_2.png", grey)
    write_picture(tmp_path / "one.png", grey)
    take = bpy.ops.motionfollower.mask_pictures
    assert take(filepath=str(tmp_path / "some ü"), role="add") == {"FINISHED"}
    assert take(filepath=str(tmp_path / "one.png"), role="left-hand") == {"FINISHED"}
    some, one = read_layers(mends())
    assert list(some.frames()) == [2] and list(one.frames()) == list(range(6))
    assert np.array_equal(drawn(some, 2), grey) and one.role is MaskRole.LEFT_HAND
    assert {"f_2.png", "one.png"}.isdisjoint(image.name for image in bpy.data.images)
    write_picture(tmp_path / "late" / "f_6.png", grey)
    with pytest.raises(RuntimeError, match="for frame 6, but the actor was looked for on frames 0"):
        take(filepath=str(tmp_path / "late"), role="cut")
    write_picture(tmp_path / "wide.png", grey[:, :50])
    with pytest.raises(RuntimeError, match="50x128 pixels, but the clip is 96x128"):
        take(filepath=str(tmp_path / "wide.png"), role="cut")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(RuntimeError, match="cannot be read"):
        take(filepath=str(tmp_path / "text.png"), role="cut")
    assert read_layers(mends()) == (some, one)


@pytest.mark.once("that our pictures are Blender's; reading Masks is tested in all")
def test_pictures_are_as_blender_draws_them(empty_file: Any, tmp_path: Path) -> None:
    """By the Mask strip of the Sequencer, whose edges lie half a pixel further out."""
    from motionfollower_addon.core.actor.drawn.raster import draw_layer
    from motionfollower_addon.host.actor.drawn_masks import _read

    size = (200, 120)
    mask = bpy.data.masks.new("shapes")
    layer = mask.layers.new(name="all")
    outer = ellipse(layer, (0.45, 0.5), (0.3, 0.2), 0.06)
    inner = ellipse(layer, (0.65, 0.5), (0.2, 0.1))
    strips = bpy.context.scene.sequence_editor_create()
    getattr(strips, "strips", getattr(strips, "sequences", None)).new_mask(
        name="m", mask=mask, channel=1, frame_start=1
    )
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = *size, 100
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "BW"
    bpy.context.scene.view_settings.view_transform = "Raw"
    render.filepath = str(tmp_path / "drawn.png")

    def check(alike: float) -> None:
        bpy.ops.render.render(write_still=True)
        theirs = read_grey(tmp_path / "drawn.png").astype(float)
        ours = draw_layer(_read(layer), size).astype(float)
        both = (ours >= 128) & (theirs >= 128)
        assert both.sum() / ((ours >= 128) | (theirs >= 128)).sum() > alike
        assert np.abs(ours - theirs).mean() < 2.5

    check(0.98)
    for falloff in ("SPHERE", "SHARP"):
        layer.falloff = falloff
        check(0.98)
    layer.use_fill_holes = True
    check(0.97)
    place(outer, (0.45, 0.5), (0.3, 0.2), 0.0)
    inner.use_fill = False
    layer.invert, layer.alpha = True, 0.9
    check(0.97)


def test_the_matte_is_shown_with_the_masks_in_it(shot: Any, tmp_path: Path) -> None:
    from motionfollower_addon.host.view.actor import matte_picture, mended_matte

    actor = ActorFolder(tmp_path / "actor")
    found, add, cut = (np.zeros(SIZE[::-1], np.uint8) for _ in range(3))
    found[20:60, 20:60], add[40:80, 50:70], cut[20:30, 20:60] = 255, 255, 255
    for frame in range(2):
        write_picture(actor.picture("alpha", frame), found)
    for name, role, picture in (("a", MaskRole.ADD, add), ("c", MaskRole.CUT, cut)):
        kept = LayerPictures(actor.mends, name, role, SIZE)
        kept.add(1, png_bytes(picture))
        made = kept.layer()
        assert made is not None
        put_layers(actor.mends, [made])
    layers = read_layers(actor.mends)
    wanted = np.minimum(np.maximum(found, add), 255 - cut)
    plain, mended = (mended_matte.matte_of(actor, layers, frame) for frame in range(2))
    for matte, picture in ((plain, found), (mended, wanted)):
        cover = mended_matte.cover_of(matte)
        assert cover is not None and np.array_equal(np.rint(255 * cover[::-1]), picture)
        shown = matte_picture.tinted(matte)
        assert shown is not None and np.allclose(shown[..., 3], 0.5 * cover)
    assert mended_matte.folder_of(actor, (), [0, 1]) == tmp_path / "actor" / "alpha"
    folder = mended_matte.folder_of(actor, layers, [0, 1])
    assert np.array_equal(read_grey(folder / "frame_0.png"), found)
    assert np.array_equal(read_grey(folder / "frame_1.png"), wanted)
    picture_path(actor.mends, layers[0].stretches[0].sha256).unlink()
    assert mended_matte.cover_of(mended) is None
