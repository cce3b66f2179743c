"""What may be trusted of files that lie there: marks of their bytes, and links that lead away."""
