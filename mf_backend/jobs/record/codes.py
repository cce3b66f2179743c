"""Codes of the warnings that tell what one run found of earlier results."""

from __future__ import annotations

CHANGED = "result-changed"
RECORD_DAMAGED = "record-damaged"
STATE_DAMAGED = "state-damaged"
FRAMES_CHANGED = "frames-changed"
FRAMES_DAMAGED = "frames-damaged"
CHECKPOINT_DAMAGED = "checkpoint-damaged"
"""Told by the diffusion engine."""

FOUND_ONCE = frozenset(
    {
        *(CHANGED, RECORD_DAMAGED, STATE_DAMAGED),
        *(FRAMES_CHANGED, FRAMES_DAMAGED, CHECKPOINT_DAMAGED),
    }
)
"""What these say is mended by the run that found it; later runs do not say it again."""
