"""The rig in the scene: its bones, action, camera and meshes, and reading its motion."""
