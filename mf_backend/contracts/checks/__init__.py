"""The door: everything that comes from outside is read, bounded and named here before it is used.

job.json, messages, options and a user's own files go through the same rules, so that each kind of
wrong value has one sentence. Standard library and numpy only: Blender imports it too.

To check a new field: give it a rule from `rules` with `ruled`; `build` does the rest.
"""
