"""What folds read and write: timelines, states, forecasts, and the weights in service."""
