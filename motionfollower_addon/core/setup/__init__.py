"""Setting up the backend and its weights: programs started from Blender and listened to."""
