"""Processes that read what senders made: each file within a budget of time and memory, and killed beyond it."""
