"""Open FILE, resume the one job that waits beside it, and save as OUT."""

import sys
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from bl_ext.user_default.motionfollower.host.run import jobs_on_disk
from loading import ARGUMENTS

bpy.ops.wm.open_mainfile(filepath=ARGUMENTS[0])
(job,) = jobs_on_disk.refresh()
assert not job.finished, job
assert bpy.ops.motionfollower.retry(folder=str(job.folder)) == {"FINISHED"}
bpy.ops.wm.save_as_mainfile(filepath=ARGUMENTS[1])
