"""The chain of a timeline: the digest up to each entry, by which a standing state is right or not.

docs/protocol.md 1: digest_0 covers patient, weights and clinical facts, each further one the entry and the one before.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from models.card import Card
from stream.timeline.course import PatientCourse, course_of
from stream.timeline.digest import digest
from stream.timeline.entries import Entry, StandingState, Timeline, TreatmentEntry


class ServedWeights(Protocol):
    """What planning needs to know of a forecaster."""

    weights_version: str
    card: Card

    def applies(self, disease: str, x: Sequence[float | None]) -> bool: ...


def digests(timeline: Timeline, weights: ServedWeights) -> Iterator[tuple[Entry, bytes]]:
    """Every entry with the digest of the timeline up to it, under one weights version."""
    links = links_of(timeline, course_of(timeline, ()), weights, None)
    return ((timeline.entries[position - 1], link) for position, link in links)


def links_of(
    timeline: Timeline, course: PatientCourse, weights: ServedWeights, base: StandingState | None
) -> Iterator[tuple[int, bytes]]:
    """Position and digest of every entry after `base` (None: from the beginning on), each computed when asked for."""
    start, link = (base.position, base.digest) if base else (0, _beginning(timeline, weights))
    for position, entry in enumerate(timeline.entries[start:], start=start + 1):
        content = _content(timeline, course, entry, weights)
        link = digest(link, entry.kind, entry.id, entry.revision, entry.at, content)
        yield position, link


def _beginning(timeline: Timeline, weights: ServedWeights) -> bytes:
    clinical = [[received_as, revision, facts] for received_as, revision, facts in timeline.clinical]
    return digest(timeline.patient_id, weights.weights_version, clinical)


def _content(timeline: Timeline, course: PatientCourse, entry: Entry, weights: ServedWeights) -> str:
    """Of a scan the hash of what is seen of it; that covers the scan's own disease, so another one joins it.

    Of a visit's last scan what makes it more than that scan joins too: its other scans, and that a line begins here.
    """
    if isinstance(entry, TreatmentEntry):
        return entry.content()
    seen = course.seen(entry, weights.card.feature_version)
    features = seen.features if seen else entry.features_for(weights.card.feature_version)
    disease = timeline.disease_of(features.disease)
    content = features.sha256 if disease == features.disease else digest(features.sha256, disease).hex()
    return digest(content, *seen.besides).hex() if seen and seen.besides else content
