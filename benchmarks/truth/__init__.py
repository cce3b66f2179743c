"""A benchmark that knows the right answer: the same actor, set, camera and light filmed twice.

`python -m benchmarks.truth COMMAND`; docs/truth.md says what each figure means.
"""
