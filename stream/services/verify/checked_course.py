"""Standing visits, verdicts and open questions against the reference course."""

from collections.abc import Iterator
from typing import Any

from stream.services.verify.finding import Finding
from stream.services.verify.reference_course import ReferenceCourse
from stream.timeline.entries import Timeline

Row = tuple[Any, ...]


def check_course(finding: Finding, timeline: Timeline, expected: ReferenceCourse) -> None:
    """Every row that stands of `timeline` is expected, and every expected one stands."""
    wanted, standing = set(_expected(expected)), set(_standing(timeline))
    for row in sorted(wanted | standing, key=repr):
        where = f"{row[0]} patient_id={timeline.patient_id} {row[1:4]}"
        finding.check(row in wanted and row in standing, f"{where} {'is missing' if row in wanted else 'is wrong'}")


def _expected(course: ReferenceCourse) -> Iterator[Row]:
    revisions = {scans[-1].scan_uid: scans[-1].revision for scans in course.visits}
    for scans in course.visits:
        uids = tuple(scan.scan_uid for scan in scans)
        yield "visits", uids[-1], scans[0].at, course.line_of(uids[-1]), uids
    for criterion, lines in course.lines.items():
        for verdict in (each for line in lines for each in line.verdicts):
            said = {**verdict._asdict(), "criterion": criterion, "revision": revisions[verdict.scan_uid]}
            yield "responses", *sorted(said.items())
    for (line, endpoint), answer in course.statuses.items():
        yield "endpoint_statuses", line, endpoint, *answer


def _standing(timeline: Timeline) -> Iterator[Row]:
    for row in (each.row for each in timeline.course.values()):
        values = row.values
        if row.table == "visits":
            yield row.table, values["scan_uid"], values["at"], values["line"], tuple(values["scans"])
        elif row.table == "responses":
            yield row.table, *sorted(values.items())
        else:
            told = (values[name] for name in ("line", "endpoint", "status", "since", "scan_uid"))
            yield row.table, *told
