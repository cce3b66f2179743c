"""Runs: from the click to the take, and jobs that wait on disk."""
