"""The only part of the add-on that touches bpy's data."""
