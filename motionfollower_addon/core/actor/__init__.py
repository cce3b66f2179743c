"""The actor as a figure in space: lifted from the picture, posed as bones, mended by hand."""
