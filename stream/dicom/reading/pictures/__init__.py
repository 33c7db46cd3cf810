"""How lesions look: the images under their outlines, for the image embedding and for people."""
