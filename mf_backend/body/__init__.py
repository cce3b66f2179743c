"""The body in the picture: limb widths, outlines, and limbs as layers that can be warped."""
