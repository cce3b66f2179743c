"""What a run tells while it goes on: lines, curves, pictures."""
