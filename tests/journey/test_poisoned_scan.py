"""A scan that kills whoever touches it: it is set aside, and nobody else's scan is held up or blamed."""

import re

import pytest

from stream.dicom.gateway.spool import Spool
from stream.dicom.pseudonyms import Pseudonyms, load_or_make_key
from stream.services.recovery.suspects import DEATHS
from stream.simulated.synthetic import make_sr, save
from tests.faults.crashing import SETTLE_SECONDS, Crashing
from tests.waiting import wait_until

HEALTHY = 6
CHARGED = re.compile(r"suspect kind=(\w+) id=(\S+) revision=\d+ attempts=(\d+)")


@pytest.mark.parametrize("where", ["measure", "forecast"])
def test_a_scan_that_kills_who_touches_it_is_set_aside_and_no_other_is_charged(crashing: Crashing, where: str) -> None:
    crashing.clear()
    crashing.start("gateway")
    names = ["poisoned", *(f"healthy-{number}" for number in range(HEALTHY))]
    files = [save(make_sr(PatientID=name), crashing.folder / f"{where}-{name}.dcm") for name in names]
    assert crashing.send(files) == []
    wait_until(lambda: not Spool(crashing.settings.spool).waiting(), SETTLE_SECONDS)
    poisoned = Pseudonyms(load_or_make_key(crashing.settings.pseudonym_key_file)).patient_id("", "poisoned")
    log, deaths = crashing.folder / "worker.log", 0
    log.unlink(missing_ok=True)
    crashing.start("worker", poison=f"{where}:{poisoned}")
    while not settled(crashing):
        deaths += 1
        crashing.start("worker", poison=f"{where}:{poisoned}")
    applied = crashing.connection.execute("SELECT count(*) FROM core.assembly WHERE status = 'applied'").fetchone()
    assert applied == (HEALTHY,)
    aside = "SELECT s.received_as, i.reason_code FROM core.set_asides i JOIN core.scans s USING (scan_uid)"
    assert crashing.connection.execute(aside).fetchall() == [(poisoned, "killed_worker")]
    charged = [(id_, int(attempts)) for _, id_, attempts in CHARGED.findall(log.read_text()) if int(attempts)]
    if where == "measure":  # only children of the worker die
        assert (deaths, charged) == (0, [])
        return
    assert deaths in (DEATHS, DEATHS + 1)  # the first may come in a batch, where nobody is charged
    ids = {
        poisoned,
        *(
            row[0]
            for row in crashing.connection.execute("SELECT scan_uid FROM core.scans WHERE received_as = %s", [poisoned])
        ),
    }
    assert charged == [(charged[0][0], number) for number in range(1, DEATHS + 1)]
    assert charged[0][0] in ids
    assert crashing.connection.execute("SELECT count(*) FROM core.suspects").fetchone() == (0,)


def settled(crashing: Crashing) -> bool:
    """True once all has come to its end, False where the worker died before."""
    wait_until(lambda: crashing.crashed("worker") or crashing.settled(), SETTLE_SECONDS)
    return not crashing.crashed("worker")
