"""What a laboratory does to get weights: tables to samples, fitting, splits and searches."""
