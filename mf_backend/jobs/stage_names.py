"""Names of a job's stages in order, as state files, progress and the add-on know them."""

from __future__ import annotations

READ, JOINTS, MASKS, ALIGN, TARGET_MASK = "read", "joints", "masks", "align", "target_mask"
RENDER, ENCODE, REPORT = "render", "encode", "report"

STAGE_NAMES = (READ, JOINTS, MASKS, ALIGN, TARGET_MASK, RENDER, ENCODE, REPORT)
