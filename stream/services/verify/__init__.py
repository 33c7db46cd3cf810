"""`scanstream verify`: the invariants, each with how many rows it looked at and the first that fail.

See docs/protocol.md 8.
"""
