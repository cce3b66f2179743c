"""A lifted figure as the bones of an armature."""
