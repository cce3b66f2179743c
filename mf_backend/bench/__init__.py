"""Measurements: parity with recorded runs, speed and memory. Nothing here is used by a job."""
