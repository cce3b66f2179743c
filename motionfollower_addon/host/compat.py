"""The differences between Blender 4.2 and 5.2, found by looking for features, never for versions.

An empty collection is falsy in Blender, so features are looked for with `hasattr` throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bpy

from .. import ids


def evaluated_depsgraph(context: Any) -> Any:
    """The depsgraph of the shown view layer, evaluated.

    It is taken from the layer. Up to 4.3 `bpy.context` keeps the scene for which any add-on read
    `layer_collection` or `tool_settings` as its owner for good, gives it to what is got from it
    and has no identity of its own, and reads and writes it when it was freed long ago.
    """
    context.evaluated_depsgraph_get()
    return context.view_layer.depsgraph


def strips(owner: Any) -> Any:
    """The strips collection of a sequence editor or meta strip (`sequences` before 4.4)."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def all_strips(editor: Any) -> Any:
    """All strips of a sequence editor, those inside metas too."""
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def effects_on(editor: Any, strip: Any) -> list[Any]:
    """Effect strips that are not muted and work on `strip`."""
    return [
        item
        for item in all_strips(editor)
        if not item.mute
        and strip in (getattr(item, "input_1", None), getattr(item, "input_2", None))
    ]


def start(strip: Any) -> int:
    """First scene frame that shows the strip."""
    return int(strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start)


def length(strip: Any) -> int:
    """Scene frames that show the strip."""
    return int(strip.duration if hasattr(strip, "duration") else strip.frame_final_duration)


def end(strip: Any) -> int:
    """The scene frame after the last one that shows the strip."""
    return start(strip) + length(strip)


def content_start(strip: Any) -> float:
    """Scene frame of the content's first frame, trimmed away or not."""
    return float(strip.content_start if hasattr(strip, "content_start") else strip.frame_start)


def content_length(strip: Any) -> int:
    """Scene frames of the content, trimmed parts included."""
    name = "content_duration" if hasattr(strip, "content_duration") else "frame_duration"
    return int(getattr(strip, name))


def content_trim(strip: Any) -> int:
    """Frames dropped at the content's start for good (a hard cut), before any handle."""
    name = "content_trim_start" if hasattr(strip, "content_trim_start") else None
    return int(getattr(strip, name or "animation_offset_start", 0))


def sequencer_scene(context: Any) -> Any:
    """The scene whose strips the Sequencer shows (the workspace's own choice since 5.0)."""
    workspace = getattr(context, "workspace", None)
    chosen = getattr(workspace, "sequencer_scene", None)
    return chosen if chosen is not None else context.scene


def show_in_sequencer(context: Any, scene: Any) -> None:
    """Let the Sequencer show `scene` where nothing was chosen yet."""
    workspace = getattr(context, "workspace", None)
    if hasattr(workspace, "sequencer_scene") and workspace.sequencer_scene is None:
        workspace.sequencer_scene = scene


def editor(scene: Any) -> Any:
    """The scene's sequence editor, made where there is none."""
    return scene.sequence_editor or scene.sequence_editor_create()


def windows() -> Iterator[Any]:
    """Blender's windows; none without a display."""
    manager = bpy.context.window_manager
    yield from (manager.windows if manager is not None else ())


def redraw_views(*kinds: str) -> None:
    """Ask every area of these types to draw itself again; a 3D View's scene may take long."""
    for window in windows():
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()


def redraw_panels() -> None:
    """Ask our own panels to draw themselves again, and nothing else: sidebars and preferences."""
    for window in windows():
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
            elif area.type in {"VIEW_3D", "SEQUENCE_EDITOR"}:
                for region in area.regions:
                    if region.type == "UI" and _shows_ours(region):
                        region.tag_redraw()


def _shows_ours(region: Any) -> bool:
    # A sidebar that is closed, or has no tabs yet, names none.
    return getattr(region, "active_panel_category", ids.CATEGORY) == ids.CATEGORY


def path_options() -> set[str]:
    """Options of properties that take Blender's "//" paths (not asked for before 4.5, and shown as
    an error in the field where it is)."""
    rna = bpy.types.Property.bl_rna.properties
    return {"PATH_SUPPORTS_BLEND_RELATIVE"} if "is_path_supports_blend_relative" in rna else set()


def rendering() -> bool:
    """Whether Blender renders or bakes: scene data must not change meanwhile."""
    return any(bpy.app.is_job_running(kind) for kind in ("RENDER", "OBJECT_BAKE"))


def action_slots(action: Any) -> list[Any]:
    """Slots of an action; none where actions have no slots."""
    return list(action.slots) if hasattr(action, "slots") else []


def fcurves(action: Any, slot: str = "") -> list[Any]:
    """The curves of an action; of its slot of that name, or of all where none is named."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        if not slot or bag.slot is None or slot in (bag.slot.identifier, bag.slot.name_display)
        for curve in bag.fcurves
    ]


def new_curves(action: Any, owner: Any) -> Callable[[str, int, str], Any]:
    """What makes curves of a new action for `owner`: (data path, index, group) to a curve."""
    if not hasattr(action, "layers"):
        return lambda path, index, group: action.fcurves.new(path, index=index, action_group=group)
    slot = action.slots.new(id_type="OBJECT", name=owner.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    bag = strip.channelbag(slot, ensure=True)

    def make(path: str, index: int, group: str) -> Any:
        curve = bag.fcurves.new(path, index=index)
        curve.group = bag.groups.get(group) or bag.groups.new(group)
        return curve

    return make


def use_only_slot(animation: Any, action: Any) -> None:
    """Let an owner's animation play the only slot of its action, where there are slots."""
    if hasattr(action, "slots"):
        animation.action_slot = action.slots[0]


def new_color(owner: Any, name: str, channel: int, begin: int, frames: int) -> Any:
    """A strip of one colour, black as Blender makes it."""
    names = {item.identifier for item in strips(owner).bl_rna.functions["new_effect"].parameters}
    values: dict[str, Any] = {"name": name, "type": "COLOR", "channel": channel}
    values["frame_start"] = begin
    values["length" if "length" in names else "frame_end"] = (
        frames if "length" in names else begin + frames
    )
    strip = strips(owner).new_effect(**values)
    strip.color = (0.0, 0.0, 0.0)
    return strip


def same_colorspace(strip: Any, other: Any) -> None:
    """Give a strip the colour space of another. One that was never drawn may not know its own yet:
    then both find it in the same way."""
    name = other.colorspace_settings.name
    if name and strip.colorspace_settings.name != name:
        strip.colorspace_settings.name = name


def reset_sizes(scene: Any, strip: Any) -> None:
    """Let an image strip know no sizes of its pictures; Blender learns each as it shows it.

    `elements.append` leaves them to chance in every Blender, and where a picture's file is gone
    Blender draws an empty one of that size, or dies of it. Only this operator clears them.
    """
    names = [item.filename for item in strip.elements]
    directory, active = strip.directory, scene.sequence_editor.active_strip
    scene.sequence_editor.active_strip = strip
    # `sequencer_scene` is what the operator goes by since 5.0.
    with bpy.context.temp_override(scene=scene, sequencer_scene=scene):
        bpy.ops.sequencer.change_path(
            directory=bpy.path.abspath(directory),
            files=[{"name": name} for name in names],
            relative_path=False,
            use_placeholders=False,
        )
    strip.directory = directory
    scene.sequence_editor.active_strip = active


def copy_footage(scene: Any, owner: Any, strip: Any, channel: int, begin: int, stop: int) -> Any:
    """Another strip of the same movie or images, showing the same frames from `begin` to `stop`."""
    where = round(content_start(strip))
    collection = strips(owner)
    name = f"Compare: {strip.name}"
    if strip.type == "MOVIE":
        copy = collection.new_movie(
            name=name,
            filepath=strip.filepath,
            channel=channel,
            frame_start=where,
            fit_method="ORIGINAL",
        )
    else:
        names = [item.filename for item in strip.elements][content_trim(strip) :]
        copy = collection.new_image(
            name=name,
            filepath=strip.directory + names[0],
            channel=channel,
            frame_start=where,
            fit_method="ORIGINAL",
        )
        for item in names[1:]:
            copy.elements.append(item)
        reset_sizes(scene, copy)
    if hasattr(copy, "left_handle"):
        copy.left_handle, copy.right_handle = begin, stop
    else:
        copy.frame_final_start, copy.frame_final_end = begin, stop
    copy.channel = channel
    same_colorspace(copy, strip)
    return copy
