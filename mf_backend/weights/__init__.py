"""The networks' files: what is needed, importing, checking, fetching and loading them.

A weights folder holds one imported set: `weights.json` (what is in it, with hashes), `model.json`
(the networks' sizes) and one safetensors file for each network. `catalog`, `folder` and
`weight_set` load nothing heavy, so that an engine can say cheaply what it lacks; `importing` makes
a set from the published files.
"""
