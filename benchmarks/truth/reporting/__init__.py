"""A run's figures and pictures as one page, and what changed since an earlier run."""
