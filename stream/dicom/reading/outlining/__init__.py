"""Where nobody has outlined anything: what a bundle outlines in a series, as a segmentation like any other."""
