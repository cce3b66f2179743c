"""What each part of the diffusion engine's method brings, measured with weights that have learnt
something on filmed shots whose right answer is known: `python -m benchmarks.method`."""
