"""Learning: the same networks from pictures of one's own, in stages that can be broken off.

How it is used (importing this package loads nothing heavy):

    from mf_backend.training.run import train
    train(Path("footage"), Path("run"), recipe, config, reporter)

`data` reads shots and makes batches of them, `autoencoder` has the linear encoder and the training
of the decoder, `learning` has what a step is, `telling` the log, the page and its pictures.
Everything that is random about batch n of a stage follows from the recipe's seed, the stage and n,
so that a run that was killed goes on to the same figures.
"""
