"""Refused senders in words."""

from collections.abc import Mapping
from typing import Any


def refusal_words(row: Mapping[str, Any]) -> str:
    """A row of scanstream.refusal as a line."""
    who = f"{row['sender'] or 'somebody'} from {row['peer'] or 'many addresses'}"
    often = "once" if row["times"] == 1 else f"{row['times']} times"
    return f"{who} {often}, last {row['last_at']:%Y-%m-%d %H:%M} UTC: {row['reason']}"
