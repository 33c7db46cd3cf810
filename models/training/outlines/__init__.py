"""What a laboratory does to get a bundle that outlines tumour: drawn series, the fit, one part left out, the folder."""
