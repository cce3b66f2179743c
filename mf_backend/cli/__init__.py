"""The command line: `python -m mf_backend`."""
