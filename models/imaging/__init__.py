"""What models see of images: volumes, the slices of a series, the network that reads them."""
