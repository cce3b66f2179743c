"""The networks: UNet with motion modules, pose controller, appearance controller, VAE, CLIP.

Importing this package loads nothing heavy. `config` holds the frozen configurations,
`model_set` builds every network from one (on any device, the meta device included), `denoiser`
holds the UNet, `running` how its layers are run, `key_map` which published file supplies which
tensor and what it is called here.
"""
