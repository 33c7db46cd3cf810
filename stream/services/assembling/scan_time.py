"""When a scan was acquired: what its images and reports agree on; one that stands apart decides nothing, and is named.

An example. Two slices are of 10 January, 23:58, and of 11 January, 0:03; a third is dated two years before. The first
two are one visit, which began on 10 January: that is the day of the scan, and the third slice is left out. Of two
slices alone, on two days, the one counts that a report agrees with, else the first.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from stream.storage.intake.assembly import Instance

OVERNIGHT = dt.timedelta(hours=6)
"""Moments of two days that are closer than this belong to one visit, which went on over midnight."""

Visit = list[dt.datetime]
"""Moments that belong together, the first first; each in the zone that it was stated in."""


class ScanTime(NamedTuple):
    """The moment a scan began, in the zone it was stated in; `apart`: its images that are not of that visit, sorted."""

    at: dt.datetime
    apart: tuple[str, ...] = ()


def scan_time(instances: Sequence[Instance], image_dates: Mapping[str, dt.datetime]) -> ScanTime:
    """Of the images; else of the images that are referred to, by `image_dates`; else of the study (interfaces.md 4)."""
    dated = findings(instances) or instances  # a note may name images of another day
    images = {instance.instance_uid: instance.acquired_at for instance in dated if instance.kind == "image"}
    reports = [instance.acquired_at for instance in dated if instance.kind != "image"]
    if images:
        visit = _agreed(images.values(), reports)
        of_visit = set(visit)
        return ScanTime(visit[0], tuple(sorted(uid for uid, at in images.items() if at not in of_visit)))
    referenced = {uid: image_dates[uid] for instance in dated for uid in instance.referenced if uid in image_dates}
    return ScanTime(_largest(_visits(referenced.values() or reports), reports)[0])


def findings(instances: Iterable[Instance]) -> list[Instance]:
    """All but notes about other instances."""
    return [instance for instance in instances if instance.kind != "kos"]


def _agreed(images: Iterable[dt.datetime], reports: Sequence[dt.datetime]) -> Visit:
    """The visit of most images; that of reports where two of them agree, and none does with an image that is alone."""
    visit, others = _largest(_visits(images), reports), _largest(_visits(reports), ())
    return others if len(visit) == 1 < len(others) and not _support(visit, reports) else visit


def _largest(visits: Sequence[Visit], reports: Sequence[dt.datetime]) -> Visit:
    """Of the most moments; of several the one that most `reports` agree with, then the first."""
    return max(visits, key=lambda visit: (len(visit), _support(visit, reports)), default=[])


def _support(visit: Visit, reports: Iterable[dt.datetime]) -> int:
    """How many of `reports` are of this visit."""
    return sum(_together(visit[0], report) or _together(visit[-1], report) for report in reports)


def _visits(moments: Iterable[dt.datetime]) -> list[Visit]:
    """`moments` by visit, the first first."""
    visits: list[Visit] = []
    for at in sorted(moments, key=lambda at: (at, at.utcoffset())):
        if visits and _together(visits[-1][-1], at):
            visits[-1].append(at)
        else:
            visits.append([at])
    return visits


def _together(one: dt.datetime, other: dt.datetime) -> bool:
    return one.date() == other.date() or abs(one - other) < OVERNIGHT
