"""What every room agrees on: the request, frames, conditions, errors, files, progress."""
