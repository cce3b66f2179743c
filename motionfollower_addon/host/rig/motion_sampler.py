"""Samples a rig through a camera at the clip's frame times, one frame a step."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import BODY, JOINT_COUNT

from ...core.rig.joints.compose import camera_positions, compose
from ...core.rig.mapping import Mapping
from ...core.rig.outline.worker import Outlines
from ...core.rig.retiming import RetimePlan
from .action import ActionOverride, keep_values, put_back
from .camera import aspect_warning, check_camera, pixel_aspect, read_camera
from .joints import RigReader
from .meshes import OutlineSampler


def view_layer_with(scene: Any, armature: Any) -> Any:
    """The view layer of `scene` in which `armature` is evaluated, else its first one."""
    for layer in scene.view_layers:
        if layer.objects.get(armature.name) == armature:
            return layer
    return scene.view_layers[0]


def go_to_frame(scene: Any, layer: Any, frame: float) -> None:
    """Evaluate one view layer of `scene` at a frame with its fraction, drawing nothing.

    `frame_set` would have every region of every window drawn again, which takes seconds where a 3D
    View shows a heavy scene; handlers of a new frame are called as it does.
    """
    whole = math.floor(frame + 1e-6)
    part = min(max(frame - whole, 0.0), 0.999999)
    if (scene.frame_current, scene.frame_subframe) == (whole, part):
        # Without a step in time Blender evaluates no animation: what was posed and not keyed stays.
        _set_time(scene, whole + 1, part)
        layer.update()
    _set_time(scene, whole, part)
    handlers = bpy.app.handlers
    for function in list(handlers.frame_change_pre):
        function(scene, layer.depsgraph)
    layer.update()
    for function in list(handlers.frame_change_post):
        function(scene, layer.depsgraph)


def _set_time(scene: Any, frame: int, subframe: float) -> None:
    """Write a scene's time and tell nobody, which only writing to a whole collection does."""
    # Not by its name: a linked scene may have the same.
    place = next(place for place, item in enumerate(bpy.data.scenes) if item == scene)
    for name, value, empty in (("frame_current", frame, 0), ("frame_subframe", subframe, 0.0)):
        values = [empty] * len(bpy.data.scenes)
        bpy.data.scenes.foreach_get(name, values)
        values[place] = value
        bpy.data.scenes.foreach_set(name, values)


def joints_now(
    scene: Any, reader: RigReader, camera: Any, size: tuple[int, int], depsgraph: Any
) -> NDArray[np.float32]:
    """Joints float32 [60, 2] of the scene as evaluated, for drawing live over a viewport."""
    return compose(
        reader.read(depsgraph), read_camera(camera, depsgraph), size, pixel_aspect(scene)
    )


class RigSampler:
    """Target joints of one motion; `step` until it says True, then take `joints`, then `close`.

    `joints` is float32 [F, 60, 2] in the clip's pixels of `size` (width, height), NaN absent;
    `positions` float32 [F, 60, 3] the same in metres from the camera (x right, y down, z away).
    With `action` (and `slot`, an identifier or a name) that action plays alone instead of what
    the armature has. `close` puts back the scene's frame, the action and the bones; it also runs
    at the end of a `with` block and is safe to call twice.
    """

    def __init__(
        self,
        scene: Any,
        armature: Any,
        mapping: Mapping,
        camera: Any,
        plan: RetimePlan,
        size: tuple[int, int],
        *,
        action: Any = None,
        slot: str = "",
        outline: bool = False,
    ) -> None:
        """Raises InputError where rig, mapping or camera do not serve.

        With `outline` the masks of the rig's meshes are drawn, too.
        """
        check_camera(camera)
        self._reader = RigReader(armature, mapping)
        self._scene, self._camera, self._plan, self._size = scene, camera, plan, size
        self._layer_name = view_layer_with(scene, armature).name
        self._frame = (scene.frame_current, scene.frame_subframe)
        self._closed = False
        self._hidden = [item for item in (armature, camera) if item.hide_viewport]
        # A hidden rig is not evaluated again at the end, so its values have to be kept.
        self._stale = keep_values(armature) if armature in self._hidden else []
        self._override = ActionOverride(armature, action, slot) if action is not None else None
        for item in self._hidden:
            # Blender does not evaluate objects that are disabled in viewports.
            item.hide_viewport = False
        self.joints: NDArray[np.float32] = np.full((plan.count, JOINT_COUNT, 2), np.nan, np.float32)
        self.positions = np.full((plan.count, JOINT_COUNT, 3), np.nan, np.float32)
        self.done = 0
        self._evaluated = False
        self._outline = (
            OutlineSampler(armature, scene, self._layer(), plan.count, size) if outline else None
        )
        warning = aspect_warning(scene, size)
        self.warnings: list[str] = [warning] if warning else []

    @property
    def total(self) -> int:
        """Frames to sample."""
        return self._plan.count

    def step(self) -> bool:
        """Sample one frame, or none where outlines lag behind; True once all is done.

        Raises InputError (and closes) on trouble.
        """
        if self._closed:
            if self.done >= self.total:
                return True
            raise RuntimeError("this sampler was closed before it was done")
        try:
            if self.done < self.total and self._outlines_ready():
                self._sample()
            return self.done == self.total and self._outlines_finished()
        except ReferenceError:
            self.close()
            raise InputError(
                "rig-gone",
                "The rig, its camera or its scene was removed while the motion was being read.",
                "Start again with what is there now.",
            ) from None
        except BaseException:
            self.close()
            raise

    def _layer(self) -> Any:
        """The view layer, looked up: Blender does not tell Python of a removed one.

        Raises InputError where it is gone.
        """
        layer = self._scene.view_layers.get(self._layer_name)
        if layer is None:
            raise InputError(
                "view-layer-gone",
                f"The view layer {self._layer_name!r} was removed or renamed while the motion was "
                "being read.",
                "Start again with what is there now.",
            )
        return layer

    def _sample(self) -> None:
        layer = self._layer()
        depsgraph = layer.depsgraph
        go_to_frame(self._scene, layer, self._plan.sample_frames[self.done])
        camera = read_camera(self._camera, depsgraph)
        pose, aspect = self._reader.read(depsgraph), pixel_aspect(self._scene)
        joints = compose(pose, camera, self._size, aspect)
        self.joints[self.done] = joints
        metres = self._scene.unit_settings.scale_length
        self.positions[self.done] = camera_positions(pose, camera) * metres
        if self._outline is not None:
            self._outline.read(self.done, depsgraph, camera, joints)
        self.done += 1
        if self.done == self.total:
            self._finish()

    def _outlines_ready(self) -> bool:
        if self._outline is None:
            return True
        if not self._evaluated:
            # A scene that is not open has never been evaluated, so its meshes are not there yet.
            go_to_frame(self._scene, self._layer(), self._plan.sample_frames[0])
            self._evaluated = True
        return self._outline.ready(self._layer())

    def _outlines_finished(self) -> bool:
        return self._outline is None or self._outline.finished()

    @property
    def outlines(self) -> Outlines | None:
        """Masks of the rig's meshes; None where none were asked for or none can be used."""
        return self._outline.take() if self._outline is not None else None

    def _finish(self) -> None:
        body = self.joints[:, BODY]
        width, height = self._size
        inside = (
            (body[..., 0] > -0.5)
            & (body[..., 0] < width - 0.5)
            & (body[..., 1] > -0.5)
            & (body[..., 1] < height - 0.5)
        )
        unseen = int((~inside.any(axis=1)).sum())
        if unseen == self.total:
            self.close()
            raise InputError(
                "rig-out-of-view",
                f"The camera {self._camera.name!r} never sees the rig in the sampled frames.",
                "Turn the camera to the rig, or choose another camera or range.",
            )
        if unseen:
            self.warnings.append(
                f"The camera does not see the rig in {unseen} of {self.total} frames."
            )

    def close(self) -> None:
        """Put back the scene's frame, the armature's action and its bones."""
        if self._closed:
            return
        self._closed = True
        if self._outline is not None:
            self._outline.close()
        # What was removed or undone meanwhile needs no putting back; the rest does.
        for put_back_one in (self._end_override, self._restore_frame, self._hide_again):
            with contextlib.suppress(ReferenceError):
                put_back_one()

    def _end_override(self) -> None:
        if self._override is not None:
            self._override.close()

    def _restore_frame(self) -> None:
        frame, subframe = self._frame
        self._scene.frame_set(frame, subframe=subframe)

    def _hide_again(self) -> None:
        for item in self._hidden:
            item.hide_viewport = True
        put_back(self._reader.armature, self._stale)

    def __enter__(self) -> RigSampler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sample(sampler: RigSampler) -> NDArray[np.float32]:
    """All frames at once, for callers that may block; closes the sampler."""
    with sampler:
        while not sampler.step():
            pass
        return sampler.joints
