"""Tuning weights to one clip: low-rank adapters, learnt from its own frames and skeletons.

How it is used (importing this package loads nothing heavy):

    from mf_backend.training.tuning.tune import tune
    tune(order, recipe, reporter)

Every eighth frame is kept out, and what the networks paint of those tells what was gained.
"""
