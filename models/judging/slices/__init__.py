"""How good the slice classifier is, beside simpler and other networks, on patients that were left out."""
