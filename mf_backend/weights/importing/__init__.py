"""From the files as published to a set of our own: found, read, put together, written."""
