"""Asking the disk in threads, so that Blender's window stays free."""
