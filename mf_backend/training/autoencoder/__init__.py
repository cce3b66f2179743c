"""Between pictures and latents: the linear encoder, and teaching the decoder."""
