"""The denoising UNet, from the whole network down to its layers."""
