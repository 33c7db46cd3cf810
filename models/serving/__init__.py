"""What a worker runs: weights, the network's step, its heads, and the simple models stored beside it."""
