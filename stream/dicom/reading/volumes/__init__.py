"""From the files of one series to its voxels in space and in the modality's unit, or to the reason why not."""
