"""A plain port of the released sampler, as the baseline of the speed and memory measurements.

It does the released amount of work in the released order: a whole reconstruction pass whose
latents (and, for moving cameras, keys and values) are kept, then the editing pass; a second
network for the guidance, run for both branches, with trainable weights and nothing recomputed;
the appearance adapter and cross-attention computed in every call; two backward passes; every
re-noising. Eager, contiguous memory, the same attention kernel as the product, nothing else.
"""
