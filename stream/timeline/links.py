"""The chain of a timeline: the digest up to each entry, by which a standing state is right or not.

docs/protocol.md 1: digest_0 covers patient, weights and clinical facts, each further one the entry and the one before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Protocol

from models.card import Card
from models.criteria.walk import same_first
from stream.timeline.course import PatientCourse, course_of
from stream.timeline.digest import digest
from stream.timeline.entries import Entry, StandingState, Timeline, TreatmentEntry
from stream.timeline.seen import SeenVisit


class ServedWeights(Protocol):
    """What planning needs to know of a forecaster."""

    weights_version: str
    card: Card

    def applies(self, disease: str, x: Sequence[float | None]) -> bool: ...


@dataclass(frozen=True)
class Chain:
    """A timeline under one weights version: `seen` of each of its `entries`, and at which the weights forecast.

    `links`: the digest up to each entry, as far as weights forecast. `begun`: that of what the timeline begins with.
    `forecast`: the ids of the entries that have a state where all is right.
    """

    begun: bytes
    entries: tuple[Entry, ...]
    seen: tuple[SeenVisit | None, ...]
    applies: tuple[bool, ...]
    forecast: tuple[str, ...]
    links: tuple[bytes, ...]

    def forecast_at(self, among: int) -> tuple[str, ...]:
        """Of the first entries those that have a state where all is right, by id."""
        return self.forecast[: sum(self.applies[:among])]

    def is_right(self, state: StandingState) -> bool:
        """Whether a standing state is that of the facts."""
        return state.position <= len(self.links) and self.links[state.position - 1] == state.digest


def chains_of(
    timeline: Timeline, course: PatientCourse, active: Sequence[ServedWeights], before: Mapping[str, Chain]
) -> dict[str, Chain]:
    """The chains of `timeline` by weights version; of those made `before` the same beginning is not made again."""
    told = {one.card.feature_version: before[one.weights_version] for one in active if one.weights_version in before}
    versions = {each.card.feature_version for each in active}
    seen = {version: seen_of(timeline, course, version, told.get(version)) for version in versions}
    return {
        each.weights_version: _chain(timeline, seen[each.card.feature_version], each, before.get(each.weights_version))
        for each in active
    }


def seen_of(
    timeline: Timeline, course: PatientCourse, feature_version: str, before: Chain | None = None
) -> tuple[SeenVisit | None, ...]:
    """What a model sees at each entry: nothing at a treatment.

    `before`: made with the course that this one goes on from.
    """
    told = before.seen[: course.gone_on] if before else ()
    new = [
        None if isinstance(entry, TreatmentEntry) else course.seen(entry, feature_version)
        for entry in timeline.entries[len(told) :]
    ]
    return *told, *new


def _chain(
    timeline: Timeline, seen: tuple[SeenVisit | None, ...], weights: ServedWeights, before: Chain | None
) -> Chain:
    begun = _beginning(timeline, weights)
    told = before if before and before.begun == begun else Chain(begun, (), (), (), (), ())
    same = min(same_first(told.entries, timeline.entries), same_first(told.seen, seen))
    new = [_apply(timeline, weights, each) for each in seen[same:]]
    forecast = *told.forecast_at(same), *(entry.id for entry in compress(timeline.entries[same:], new))
    applies = *told.applies[:same], *new
    last = len(applies) - applies[::-1].index(True) if forecast else 0
    links = list(told.links[:same])
    links += _links(timeline, seen, weights, len(links), last, links[-1] if links else begun)
    return Chain(begun, timeline.entries, seen, applies, forecast, tuple(links))


def digests(timeline: Timeline, weights: ServedWeights) -> Iterator[tuple[Entry, bytes]]:
    """Every entry with the digest of the timeline up to it, under one weights version."""
    seen = seen_of(timeline, course_of(timeline, ()), weights.card.feature_version)
    links = _links(timeline, seen, weights, 0, len(seen), _beginning(timeline, weights))
    return zip(timeline.entries, links, strict=True)


def _apply(timeline: Timeline, weights: ServedWeights, seen: SeenVisit | None) -> bool:
    """Whether the weights forecast at what is seen of a visit."""
    return seen is not None and weights.applies(timeline.disease_of(seen.features.disease), seen.features.x)


def _links(
    timeline: Timeline,
    seen: Sequence[SeenVisit | None],
    weights: ServedWeights,
    start: int,
    end: int,
    link: bytes,
) -> Iterator[bytes]:
    """The digests of the entries from `start` to `end`; `link`: that of the entry before."""
    for entry, of_visit in zip(timeline.entries[start:end], seen[start:end], strict=True):
        content = _content(timeline, entry, of_visit, weights)
        link = digest(link, entry.kind, entry.id, entry.revision, entry.at, content)
        yield link


def _beginning(timeline: Timeline, weights: ServedWeights) -> bytes:
    clinical = [[received_as, revision, facts] for received_as, revision, facts in timeline.clinical]
    return digest(timeline.patient_id, weights.weights_version, clinical)


def _content(timeline: Timeline, entry: Entry, seen: SeenVisit | None, weights: ServedWeights) -> str:
    """Of a scan the hash of what is seen of it; that covers the scan's own disease, so another one joins it.

    Of a visit's last scan what makes it more than that scan joins too: its other scans, and that a line begins here.
    """
    if isinstance(entry, TreatmentEntry):
        return entry.content()
    features = seen.features if seen else entry.features_for(weights.card.feature_version)
    disease = timeline.disease_of(features.disease)
    content = features.sha256 if disease == features.disease else digest(features.sha256, disease).hex()
    content = digest(content, *seen.besides).hex() if seen and seen.besides else content
    # outlines are of the scan's revision, which the entry names; which lesion each is of may be told otherwise later
    return digest(content, seen.lesions).hex() if seen and weights.card.sees_outlines else content
