"""Growth maps: where a lesion will be at a later day, by a ConvLSTM over its outlines at the visits before."""
