"""Files as the gateway has received and described them."""

import datetime as dt
import hashlib

from stream.services.accepting.arrivals import DescribedInstance, ReceivedFile, UnusableFile
from tests.services.accepted_facts import DAY_0, day


def described(scan: str = "scan", instance: str = "i1", patient: str = "PA", **more: object) -> DescribedInstance:
    """An image of a CT scan; `more` are fields of DescribedInstance."""
    fields = {
        "modality": "CT",
        "kind": "image",
        "acquired_at": day(0),
        "referenced": (),
        "expected_instances": None,
        "vault": vault(patient, scan),
    }
    return DescribedInstance(f"{scan}/{instance}", scan, patient, **{**fields, **more})


def received(
    what: DescribedInstance | UnusableFile, content: str = "", receipt: str = "", association: str = "a1"
) -> ReceivedFile:
    """A file that brought `what`; the same content and receipt unless they are named."""
    content = content or (what.instance_uid if isinstance(what, DescribedInstance) else "unusable")
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return ReceivedFile(
        receipt or f"receipt of {content}", association, "PACS", "10.0.0.1", sha256, sha256, DAY_0, what
    )


def vault(patient: str, scan: str) -> dict[str, str | None]:
    """The originals behind the pseudonyms."""
    return {
        "issuer": "NORTH",
        "mrn": f"hospital id of {patient}",
        "name": "Doe^Jane",
        "birth_date": "1950-01-01",
        "sex": "F",
        "study_instance_uid": f"1.2.3.{scan}",
    }


def moments_later(seconds: float) -> dt.datetime:
    """The moment `seconds` after files were received."""
    return DAY_0 + dt.timedelta(seconds=seconds)
