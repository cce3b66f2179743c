"""The machine that work runs on: its devices, and what of it a job used."""
