"""Whether training that is killed ends where undisturbed training does:
`python -m benchmarks.resume SHOTS`."""
