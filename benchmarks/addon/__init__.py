"""How fast the add-on is, and how long it holds Blender's window: python -m benchmarks.addon

The rig's figures come from the bpy wheel in this process, the window's from real Blenders under
Xvfb with the built zip installed. Every figure is printed with what is wanted of it.
"""
