"""The commands of `python -m benchmarks.truth`, a module each: `add_options` and `run`."""
