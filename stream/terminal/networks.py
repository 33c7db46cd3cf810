"""Networks that read images, for people: which ones are in service."""

from typing import Any

from stream.settings import Settings


def network_rows(settings: Settings) -> list[dict[str, Any]]:
    """A row for each network in service, with the fields of other weights, which it leaves empty, and `reads`."""
    from stream.archive.kept_networks import card_in_service, encoder_in_service

    encoder = encoder_in_service(settings)
    found = [card_in_service(settings), (encoder.card if encoder else None, False)]
    return [
        {
            "model": card.model,
            "weights_version": card.weights_sha256,
            "endpoints": [],
            "applies_to": {},
            "forecasts": [],
            "comes_with_installation": comes_along,
            "card_lacks": [],
            "active_since": None,
            "leads": [],
            "shadows": [],
            "reads": {"endpoint": card.endpoint, **card.applies_to},
        }
        for card, comes_along in found
        if card is not None
    ]
