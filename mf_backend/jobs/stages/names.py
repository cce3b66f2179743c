"""Names of the stages that others ask for, as state files and progress show them."""

from __future__ import annotations

READ, JOINTS, MASKS, ALIGN, TARGET_MASK = "read", "joints", "masks", "align", "target_mask"
RENDER, ENCODE, REPORT = "render", "encode", "report"
