"""Standing states: their bytes to step from, and how many each timeline has under some weights."""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from stream.timeline.entries import StateKey

USUAL_BYTES = 2**13
"""Of a state. One that is larger, as of growth maps, counts as several in whatever is done at once."""


class TimelineSteps(NamedTuple):
    """A timeline and how many of its timepoints there are to step; `weight`: as how many each of them counts."""

    patient_id: str
    steps: int
    weight: int = 1


def read_states(connection: psycopg.Connection, keys: Sequence[StateKey]) -> dict[StateKey, bytes]:
    """The bytes of the states that `keys` name."""
    if not keys:
        return {}
    rows = connection.execute(
        """SELECT s.fold_id, s.weights_version, s.scan_uid, s.state FROM core.states s
        JOIN unnest(%b::bigint[], %b::text[], %b::text[]) k(f, w, u)
          ON s.fold_id = k.f AND s.weights_version = k.w AND s.scan_uid = k.u""",
        list(map(list, zip(*keys, strict=True))),
        binary=True,
    ).fetchall()
    return {StateKey(*key): data for *key, data in rows}


def timelines_with_states(connection: psycopg.Connection, weights: Sequence[str]) -> list[TimelineSteps]:
    """Timelines with standing states of `weights`, each with how many, the longest first."""
    query = """SELECT patient_id, count(*), 1 + max(octet_length(state)) / %s FROM core.states
    WHERE superseded_by IS NULL AND weights_version = ANY(%s) GROUP BY 1 ORDER BY 2 DESC, 1"""
    return [TimelineSteps(*row) for row in connection.execute(query, [USUAL_BYTES, list(weights)]).fetchall()]


def timelines_with_scans(connection: psycopg.Connection, weights: Sequence[str]) -> list[TimelineSteps]:
    """All timelines with scans, the longest first: where no `weights` apply, responses are judged all the same."""
    stepped = {each.patient_id: each for each in timelines_with_states(connection, weights)}
    query = """SELECT patient_id, count(*) FROM core.placements WHERE kind = 'scan' AND ended_by IS NULL
    GROUP BY 1 ORDER BY 2 DESC, 1"""
    others = [TimelineSteps(*row) for row in connection.execute(query).fetchall() if row[0] not in stepped]
    return sorted([*stepped.values(), *others], key=lambda each: (-each.steps, each.patient_id))
