"""Rows as the worker would have left them, for pages to be looked at: hashes are placeholders, ids are seeded."""

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from models.card import COMMITTED
from stream.measured_scan import KeySlice, Outlining, TumourPresence
from stream.png import png
from stream.storage import schema
from tests.dashboard.scans import LEADS, MODELS, Risk, Scan, Sizes, uid

NO_HASH = b"placeholder"
PICTURE = png(np.full((160, 192), 90, np.uint8))


@dataclass
class Rows:
    """Collects rows by table, `write` inserts them in one transaction."""

    now: dt.datetime
    tables: dict[str, list[dict]] = field(default_factory=dict)
    fold: int = 0
    folds: int = 0
    ended: int = 0

    def patient(self, patient: str, scans: list[Scan]) -> None:
        """All rows of one timeline, its scans given from first to last."""
        latest = _latest(scans)
        for position, scan in enumerate(scans):
            self._scan(patient, scan, position, latest)
        folded = max(scans, key=lambda scan: -scan.days_ago)
        self._add("heads", patient_id=patient, version=1, changed_at=self.at(folded.days_ago), fold_digest=NO_HASH)

    def treatment(self, patient: str, name: str, kind: str, started_days_ago: float, ended: float | None) -> None:
        """A treatment from `started_days_ago` to `ended` days ago (None: goes on)."""
        start = self.at(started_days_ago)
        self._add(
            "treatments",
            treatment_id=uid(patient, name, started_days_ago),
            revision=1,
            received_as=patient,
            name=name,
            kind=kind,
            start_at=start,
            end_at=None if ended is None else self.at(ended),
            at=start,
            withdrawn=False,
            accepted_at=start,
        )

    def set_aside(
        self,
        reason_code: str,
        reason: str,
        days_ago: float = 0.1,
        decision: str | None = None,
        scan_uid: str | None = None,
    ) -> None:
        """A file that was kept and not processed, with its receipt."""
        number = len(self.tables.get("set_asides", []))
        at = self.at(days_ago)
        self._add(
            "set_asides",
            item_id=f"item-{number:03}",
            scan_uid=scan_uid,
            revision=None,
            sha256="0" * 64,
            reason_code=reason_code,
            reason=reason,
            set_aside_at=at,
            decision=decision,
            decided_by="someone" if decision else None,
            decided_at=at if decision else None,
        )
        self._receipt(f"set-aside-{number}", None, "set_aside", at)

    def duplicate(self, days_ago: float = 0.1) -> None:
        """A file that had been there already."""
        self._receipt(f"duplicate-{len(self.tables['receipts'])}", None, "duplicate", self.at(days_ago))

    def at(self, days_ago: float) -> dt.datetime:
        """The moment `days_ago` before now."""
        return self.now - dt.timedelta(days=days_ago)

    def write(self, connection: sa.Connection) -> None:
        """Insert everything, and the weights and leads it speaks of."""
        for table in (schema.leads, schema.active_weights, schema.weights):
            connection.execute(table.delete())  # those that come with the code: these rows were said by others
        since = self.at(4000)
        for weights, model in MODELS.items():
            card = json.loads((COMMITTED / model / "card.json").read_text(encoding="utf-8"))
            self._add(
                "weights",
                weights_version=weights,
                model=model,
                feature_version="measurements-1",
                card=card,
                added_at=since,
            )
            self._add("active_weights", weights_version=weights, since=since)
        for endpoint, disease, weights in LEADS:
            self._add(
                "leads",
                endpoint=endpoint,
                disease=disease,
                weights_version=weights,
                since=since,
                since_xact=sa.text("pg_current_xact_id()"),
            )
        self._sender()
        self._number_folds()
        for name, rows in self.tables.items():
            table = schema.metadata.tables[f"core.{name}"]
            for row in rows:
                connection.execute(table.insert().values(**row))
        connection.execute(sa.text("UPDATE core.heads SET version = version"))  # last, as a fold does

    def _number_folds(self) -> None:
        """Folds are numbered as they were made, whatever patient they are of."""
        made = sorted(self.tables["folds"], key=lambda fold: fold["computed_at"])
        numbers = {fold["fold_id"]: number for number, fold in enumerate(made, start=1)}
        for row in (row for rows in self.tables.values() for row in rows if "fold_id" in row):
            row["fold_id"] = numbers.get(row["fold_id"], row["fold_id"])

    def _scan(self, patient: str, scan: Scan, position: int, latest: dict[tuple, Scan]) -> None:
        scan_uid, at = uid(patient, scan.days_ago), self.at(scan.days_ago)
        accepted = at + dt.timedelta(minutes=3)
        names = {"scan_uid": scan_uid, "revision": 1}
        self._add("scans", scan_uid=scan_uid, received_as=patient)
        self._instance(scan, scan_uid, at, accepted)
        self._add(
            "revisions",
            **names,
            acquired_at=at,
            instances_sha256="0" * 64,
            completeness=scan.completeness,
            accepted_at=accepted,
            final_at=accepted if scan.final else None,
        )
        code = "not_measurable" if scan.status == "set_aside" else None
        self._add(
            "assembly",
            **names,
            status=scan.status,
            completeness=scan.completeness,
            reason=scan.reason,
            reason_code=code,
            changed_at=accepted,
            begun_at=accepted,
            measured_at=None if scan.status == "measuring" else accepted,
        )
        if scan.status == "applied":
            self._standing(patient, scan, names, position, latest)

    def _instance(self, scan: Scan, scan_uid: str, at: dt.datetime, accepted: dt.datetime) -> None:
        instance = uid("instance", scan_uid)
        self._add(
            "instances",
            instance_uid=instance,
            scan_uid=scan_uid,
            sha256="0" * 64,
            content_sha256="0" * 64,
            modality=scan.modality,
            kind="sr" if scan.modality == "SR" else "image",
            acquired_at=at,
            referenced=[],
            accepted_at=accepted,
        )
        self._add("revision_instances", scan_uid=scan_uid, revision=1, instance_uid=instance)
        self._receipt(f"receipt-{instance}", scan_uid, "accepted", accepted)

    def _standing(self, patient: str, scan: Scan, names: dict, position: int, latest: dict[tuple, Scan]) -> None:
        scan_uid = names["scan_uid"]
        self._fold(patient, scan, scan_uid, position)
        self._add("features", **names, feature_version="measurements-1", disease=scan.disease, x=[], sha256="0" * 64)
        self._measurements(patient, scan, names)
        for number, unused in enumerate(scan.unused, start=1):
            self._add("unused", **names, number=number, **unused._asdict())
        for lesion, mm in scan.key_slices:
            shown = KeySlice(
                uid(patient, lesion), PICTURE, 192, 160, mm, "axial", 11, 24, 812.0, uid("image", scan_uid)
            )
            self._add("key_slices", **names, **shown._asdict())
        if scan.presence:
            said = "slices", "c0ffee" * 10, 8, 0.87, 0.64, 0.97, scan.presence, 4, uid(scan_uid)
            seen = TumourPresence(uid("series", scan_uid), *said, *[PICTURE] * 3)
            gates = [[0.5] * len(scan.presence)] * 4
            self._add("slice_scores", **names, **seen._asdict() | {"slices": list(scan.presence), "gates": gates})
        for series in scan.encoded:
            self._add("scan_embeddings", **names, **series._asdict())
        if scan.outlined_by:
            outlining = Outlining(scan.outlined_by, "0.1.0", "7764ff29", "outlined", None, "9a3d97a8")
            self._add("outlinings", **names, **outlining._asdict())
        if scan.weights:
            state = {"fold_id": self.fold, "weights_version": scan.weights, "patient_id": patient, "position": position}
            digests = {"state": None, "state_sha256": NO_HASH, "digest": NO_HASH}
            self._add("states", **names, **state, **digests, at=self.at(scan.days_ago))
        for risk in scan.risks:
            self._forecast(patient, scan, risk, scan_uid, latest)
        for sizes in scan.sizes:
            self._size_forecast(patient, scan, sizes, scan_uid)
        if scan.response:
            shares = dict(zip(("cr", "pr", "sd", "pd"), scan.response, strict=True))
            stands_on = self._stands_on(patient, scan, scan_uid, scan.weights, None)
            self._add("response_probabilities", **stands_on, criterion="RECIST 1.1", **shares)

    def _fold(self, patient: str, scan: Scan, scan_uid: str, position: int) -> None:
        at = self.at(scan.days_ago)
        self.folds += 1
        computed = at + dt.timedelta(minutes=3, seconds=2)
        self.fold = int(computed.timestamp()) * 1000 + self.folds  # folds are numbered in the order of their times
        fold = {"fold_id": self.fold, "patient_id": patient, "cause": "scan", "computed_at": computed}
        self._add("folds", **fold, head_version=position + 1, rows_digest=NO_HASH, digest=NO_HASH)
        entry = {"fold_id": self.fold, "kind": "scan", "id": scan_uid, "revision": 1}
        self._add("ledger", **entry)
        self._add("placements", **entry, patient_id=patient, at=at, placed_at=computed)

    def _measurements(self, patient: str, scan: Scan, names: dict) -> None:
        source = "SEG" if scan.modality == "MR" else "SR"
        for number, (lesion, measurement, value, unit) in enumerate(scan.values):
            self._add(
                "measurements",
                **names,
                feature_version="measurements-1",
                number=number,
                lesion_label=lesion,
                lesion_uid=lesion and uid(patient, lesion),
                measurement=measurement,
                value=value,
                unit=unit,
                body_site=scan.disease,
                source=source,
            )

    def _size_forecast(self, patient: str, scan: Scan, sizes: Sizes, scan_uid: str) -> None:
        values = list(sizes.by_day.values())
        spread = [[share * value for share in (0.1, 0.2, 0.3)] for value in values]
        self._add(
            "size_forecasts",
            **self._stands_on(patient, scan, scan_uid, sizes.weights, sizes.because),
            lesion_uid=None,
            measurement="sum_of_diameters",
            horizon_days=list(sizes.by_day),
            level=[0.5, 0.8, 0.95],
            value=values,
            value_low=[[value - each for each in of] for value, of in zip(values, spread, strict=True)],
            value_high=[[value + each for each in of] for value, of in zip(values, spread, strict=True)],
        )

    def _forecast(self, patient: str, scan: Scan, risk: Risk, scan_uid: str, latest: dict[tuple, Scan]) -> None:
        self._add(
            "forecasts",
            **self._stands_on(patient, scan, scan_uid, scan.weights, risk.because),
            endpoint=risk.endpoint,
            horizon_kind=risk.horizon_kind,
            horizon_days=risk.horizon_days,
            risk=risk.risk,
            risk_low=max(0.0, risk.risk - risk.spread),
            risk_high=min(1.0, risk.risk + 1.3 * risk.spread),
            tip=risk.because is None and latest[scan.disease, risk.endpoint, risk.horizon_days] is scan,
        )

    def _stands_on(self, patient: str, scan: Scan, scan_uid: str, weights: str, because: str | None) -> dict:
        """What rows of all kinds of forecasts say: the scan they were said after, and why they stand no more."""
        computed = self.at(scan.days_ago) + dt.timedelta(minutes=3, seconds=2)
        self.ended += because is not None
        return {
            "fold_id": 1_000_000 + self.ended if because else self.fold,
            "weights_version": weights,
            "scan_uid": scan_uid,
            "patient_id": patient,
            "disease": scan.disease,
            "revision": 1,
            "at": self.at(scan.days_ago),
            "computed_at": computed,
            "superseded_by": self.fold if because else None,
            "superseded_at": computed + dt.timedelta(days=9) if because else None,
            "superseded_because": because,
        }

    def _sender(self) -> None:
        """The one who sent everything."""
        who, came = {"calling_ae": "PACS", "peer": "10.0.0.1"}, [row["received_at"] for row in self.tables["receipts"]]
        self._add("associations", association_id="association", **who)
        counts = Counter(row["outcome"] for row in self.tables["receipts"])
        self._add("senders", **who, **counts, first_received_at=min(came), last_received_at=max(came))

    def _receipt(self, name: str, scan_uid: str | None, outcome: str, at: dt.datetime) -> None:
        self._add(
            "receipts",
            receipt_id=name,
            association_id="association",
            sha256="0" * 64,
            content_sha256="0" * 64,
            scan_uid=scan_uid,
            outcome=outcome,
            received_at=at,
        )

    def _add(self, table: str, **values: object) -> None:
        if "row_sha256" in schema.metadata.tables[f"core.{table}"].c:
            values["row_sha256"] = NO_HASH
        self.tables.setdefault(table, []).append(values)


def _latest(scans: list[Scan]) -> dict[tuple, Scan]:
    """By disease, endpoint and horizon the last scan with a standing forecast: the one that is the tip."""
    return {
        (scan.disease, risk.endpoint, risk.horizon_days): scan
        for scan in sorted(scans, key=lambda scan: -scan.days_ago)
        for risk in scan.risks
        if risk.because is None
    }
