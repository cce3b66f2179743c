"""The actor as he is found in the clip: joints, masks, the plate behind, and a user's own files."""
