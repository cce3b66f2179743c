"""Scores of a result against the true frames."""
