"""The commands of `python -m mf_backend`, one module each."""
