"""The long form of planted identifiers: somebody of every writing in every place."""

from pathlib import Path

import pytest

from tests.faults.page import recorded
from tests.journey.planted import all_sent, all_that_is_kept, leaks, planted
from tests.journey.planted_people import PARTS
from tests.journey.planted_places import PLACES
from tests.journey.service import running_service

SEEDS = (1, 2, 3)


@pytest.mark.timeout(3600)
def test_who_somebody_is_is_found_nowhere_but_in_vault_spool_and_archive(seed: int, tmp_path: Path) -> None:
    with recorded("planted", "planted", seed) as counts, running_service(tmp_path) as service:
        everybody = planted(tmp_path / "files", seed, every_writing=True)
        files = [file for one in everybody for file in one.files]
        counts |= {"people": len(everybody), "places": len(PLACES), "writings": len(PARTS), "files": len(files)}
        assert all_sent(service, everybody)
        service.settle()
        counts["looked for"] = sum(len(one.telling) for one in everybody)
        found = leaks(all_that_is_kept(service), everybody)
        counts["found"] = len(found)
        assert found == []
        counts["I9 checked"] = service.verify()["I9"]
