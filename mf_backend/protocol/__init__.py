"""Messages between Blender and the backend, and the server that answers them."""
