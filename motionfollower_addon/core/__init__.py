"""What the add-on knows without Blender: bone maps, projection, retiming, the backend's client."""
