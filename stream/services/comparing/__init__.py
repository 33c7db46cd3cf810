"""What would change if other weights led: a module for each kind of forecast, and one for all of them together."""
