"""What render farms are told about a batch of takes; without Blender."""
