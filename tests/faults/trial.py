"""A service, what was sent to it, and what must be true afterwards, whatever was killed or cut meanwhile."""

import random
from collections.abc import Callable

from stream.archive.kept_weights import forecasters
from stream.services.verify.standing_folds import standing_folds
from stream.storage.database import connect
from tests.faults.traffic import Traffic
from tests.journey.service import SETTLE_SECONDS, Service, successes
from tests.waiting import wait_until

TOLERANCES = (0.0, 1e-8, 1e-7, 2e-7, 5e-7, 1e-6)
OPEN = "SELECT count(*) FROM scanstream.scan_status WHERE status IN ('receiving', 'measuring', 'waiting')"
"""Also revisions that were overtaken by a later one: those are not pending, yet come to their end."""
STANDING = """SELECT count(*), count(DISTINCT (scan_uid, endpoint, horizon_kind, horizon_days))
FROM scanstream.risk_history WHERE superseded_at IS NULL AND role = 'lead'"""
WITH_SIZES = """SELECT count(DISTINCT scan_uid) FROM scanstream.size_forecast
WHERE superseded_at IS NULL AND role = 'lead'"""
"""Sizes are forecast at every visit; every visit is one scan here."""
WRONG_RISKS = """SELECT count(*) FROM scanstream.visit v
JOIN scanstream.endpoint_status q ON q.patient_id = v.patient_id AND q.line = v.line AND q.superseded_at IS NULL
WHERE v.superseded_at IS NULL AND (q.status = 'open') <> EXISTS (
  SELECT FROM scanstream.risk_history r
  WHERE r.scan_uid = v.visit_id AND r.endpoint = q.endpoint AND r.superseded_at IS NULL)"""
"""Visits with a risk of what can no longer be observed, or without one of what can: most patients here progress."""


class Trial:
    """Sends traffic to `service` and does harm to it meanwhile."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._sent: list[Traffic] = []

    def amid(self, traffic: Traffic, rng: random.Random, times: int, fault: Callable[[], None]) -> None:
        """Send the traffic in `times` associations, each of them met by `fault` somewhere on its way."""
        for batch in traffic.batches(times):
            goal = self.service.folded() + rng.randrange(1 + len(batch) // 2)
            sending = self.service.sending(batch)
            wait_until(lambda goal=goal: self.service.folded() >= goal, SETTLE_SECONDS)
            fault()
            assert successes(sending) == len(batch)
        self._sent.append(traffic)

    def send(self, traffic: Traffic) -> None:
        """Send the traffic in one association."""
        assert self.service.store(traffic.sent) == len(traffic.sent)
        self._sent.append(traffic)

    def all_arrived(self) -> dict[str, object]:
        """Wait until all work is done: nothing that was sent is lost, doubled or set aside. Numbers for a page."""
        self.service.settle()
        wait_until(lambda: self.service.ask(OPEN) == [(0,)], SETTLE_SECONDS)
        status = self.service.settle()
        scans, doubled, corrected = (
            sum(getattr(one, name) for one in self._sent) for name in ("scans", "doubled", "corrected")
        )
        assert status["files"] == {"accepted": scans + corrected, "duplicate": doubled, "set_aside": 0}, status
        superseded = status["scans"].pop("superseded", 0)
        assert status["scans"] == {"applied": scans}, status
        assert superseded <= corrected  # a correction that came before its report was measured is part of revision 1
        standing, distinct = self.service.ask(STANDING)[0]
        assert standing == distinct, f"{standing - distinct} forecasts stand twice"
        assert self.service.ask(WITH_SIZES) == [(scans,)], f"not all of {scans} scans have a forecast"
        assert self.service.ask(WRONG_RISKS) == [(0,)]
        return {"lost": 0, "doubled rows": 0, "set aside": 0, "second revisions": superseded}

    def all_holds(self) -> dict[str, object]:
        """Every invariant of `scanstream verify` holds. Numbers for a page."""
        checked = self.service.verify()
        assert checked["I5"] >= sum(one.scans for one in self._sent)
        return {"invariants": f"hold ({', '.join(checked)})", "timepoints compared": checked["I5"]}

    def largest_difference(self) -> float:
        """The smallest of TOLERANCES within which every standing number equals the reference fold's."""
        held = forecasters(self.service.settings, "cpu")
        with connect(self.service.settings, "worker", timeouts=False) as connection:
            return next(limit for limit in TOLERANCES if not standing_folds(connection, held, limit)[0].failed)


def survive(
    trial: Trial, traffic: Traffic, rng: random.Random, times: int, fault: Callable[[], None], counts: dict[str, object]
) -> None:
    """The whole of a run: traffic with faults, then all checks. Numbers for a page go into `counts` once known."""
    counts |= {"faults": times, **traffic.counts()}
    trial.amid(traffic, rng, times, fault)
    counts |= trial.all_arrived() | trial.all_holds()
    counts["largest difference"] = f"≤ {trial.largest_difference():g}"
