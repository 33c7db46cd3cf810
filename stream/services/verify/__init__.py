"""`scanstream verify`: the invariants of DESIGN 4, each with how many rows it looked at and the first that fail."""
