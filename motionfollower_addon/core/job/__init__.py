"""A job: the shot that it renders, its folder on disk, and where it came from."""
