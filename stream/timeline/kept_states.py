"""Which standing states of one weights version are right, and stay; what comes after them is stepped again."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from stream.timeline.entries import StandingState
from stream.timeline.links import Chain, ServedWeights
from stream.timeline.open_questions import OpenQuestions


def kept_states(
    chain: Chain,
    now: OpenQuestions,
    was: OpenQuestions,
    weights: ServedWeights,
    states: tuple[StandingState, ...],
    same: int,
) -> tuple[StandingState, ...]:
    """The states that are right: those before the first entry that changed, or lacks a state that it should have.

    `same`: entries from the beginning that are placed as they are; there only the beginning can have changed, and with
    it all, or a visit by facts that stand elsewhere. A state's digest covers just the entries up to it, in order, and
    what the timeline begins with: that of the last state tells of all.
    """
    scan_uids = tuple(map(_SCAN_UID, states))
    lacking = _lacking_forecasts(now, was, weights, scan_uids)
    kept = states
    if lacking or chain.forecast_at(same)[: len(states)] != scan_uids:
        kept = _before_the_first_change(chain, dict(zip(scan_uids, states, strict=True)), lacking, same)
    right = next((number for number in range(len(kept), 0, -1) if chain.is_right(kept[number - 1])), 0)
    return kept[:right]


_SCAN_UID = attrgetter("scan_uid")


def _lacking_forecasts(
    now: OpenQuestions, was: OpenQuestions, weights: ServedWeights, standing: Sequence[str]
) -> set[str]:
    """Scans whose state stands without forecasts that must stand, or have been made."""
    endpoints = {each.endpoint for each in weights.card.endpoints}
    otherwise = now.told_otherwise(was, standing)
    return {uid for uid in otherwise if any(now.are_missing(was, uid, each) for each in endpoints)}


def _before_the_first_change(
    chain: Chain, standing: Mapping[str, StandingState], lacking: set[str], same: int
) -> tuple[StandingState, ...]:
    kept: list[StandingState] = []
    for entry, seen, applies in zip(chain.entries[:same], chain.seen, chain.applies, strict=False):
        state = standing.get(entry.id)
        if applies if state is None else seen is None or entry.id in lacking:
            break
        kept += [state] if state else []
    return tuple(kept)
