"""Weights for people: what they lead, shadow, draw, read or outline, in words."""

from collections.abc import Sequence
from typing import Any


def what_it_lacks(items: Sequence[str]) -> str:
    """That a card owes items, where it does."""
    return f"; the card lacks {len(items)} of the items it owes (--json names them)" if items else ""


def what_it_does(row: dict[str, Any]) -> str:
    """What the weights of a row of `model list` do here."""
    if made_for := row.get("outlines"):
        return f"outlines {', '.join(made_for['lesions'])} in {made_for['modality']} of {made_for['body_part']}"
    if drawn := row.get("draws_maps_of"):
        since = f" since {row['active_since']:%Y-%m-%d %H:%M}" if row["active_since"] else "; not in service"
        return f"draws maps of lesions ({', '.join(drawn)}){since}"
    if read := row.get("reads"):
        return f"reads {read['modality']} of the {read['body_part'].lower()} that nobody measured ({read['endpoint']})"
    leads = [(lead["endpoint"], lead["disease"]) for lead in row["leads"]]
    shadows = [(shadow["endpoint"], shadow["disease"]) for shadow in row["shadows"]]
    parts = []
    if leads:
        parts.append(
            f"leads {pairs_in_words(leads)} since {max(lead['since'] for lead in row['leads']):%Y-%m-%d %H:%M}"
        )
    if shadows:
        parts.append(f"shadow for {pairs_in_words(shadows)}")
    if not parts:
        pairs = [(forecast["endpoint"], forecast["disease"]) for forecast in row["forecasts"]]
        parts.append(f"forecasts {pairs_in_words(pairs)}; not in service")
    return "; ".join(parts) + ("" if row["comes_with_installation"] else "; added here")


def pairs_in_words(pairs: Sequence[tuple[str, str]]) -> str:
    """`progression (bladder, lung), death (lung)`."""
    by_endpoint: dict[str, list[str]] = {}
    for endpoint, disease in pairs:
        by_endpoint.setdefault(endpoint, []).append(disease)
    return ", ".join(f"{endpoint} ({', '.join(diseases)})" for endpoint, diseases in by_endpoint.items())
