"""Bundles for people: putting one in service, and which ones are, networks that outline lesions where nobody has."""

from pathlib import Path
from typing import Any

from stream.settings import Settings
from stream.terminal.questions import ask


def add_bundle(settings: Settings, folder: Path, who: str, why: str | None) -> None:
    """Try the bundle in `folder`, keep it and ask it from now on; says whose program it is, and for what."""
    from stream.archive.kept_bundles import keep_bundle, let_measure
    from stream.storage import audit

    bundle = keep_bundle(settings.archive, folder)
    new = let_measure(settings.archive, bundle)
    made_for = f"{bundle.modality} of {bundle.body_part}"
    if not new:
        print(f"{bundle.title} outlines {made_for} already.")
        return
    ask(settings, "worker", lambda connection: audit.record(connection, who, "model add", bundle.version, why))
    lesions = ", ".join(bundle.lesions.values())
    print(f"{bundle.title} outlines {lesions} in {made_for} now, where no report or segmentation comes along.")
    print(f"Its network is a program by {bundle.authors}: it runs apart and limited, and you trust what it outlines.")
    print("Scans that are here already: scanstream replay --remeasure")


def bundle_rows(settings: Settings) -> list[dict[str, Any]]:
    """A row for each bundle in service, with the fields of other weights, which it leaves empty, and `outlines`."""
    from stream.archive.kept_bundles import in_service

    return [
        {
            "model": bundle.name,
            "weights_version": bundle.version,
            "endpoints": [],
            "applies_to": {},
            "forecasts": [],
            "comes_with_installation": False,
            "card_lacks": [],
            "active_since": None,
            "leads": [],
            "shadows": [],
            "outlines": {
                "modality": bundle.modality,
                "body_part": bundle.body_part,
                "lesions": [*bundle.lesions.values()],
                "version": bundle.stated_version,
            },
        }
        for bundle in in_service(settings.archive)
    ]
