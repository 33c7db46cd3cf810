"""Files as the gateway has received and described them."""

import datetime as dt
import hashlib

from stream.services.accepting.received_files import Described, Received, Unusable
from tests.services.accepted_facts import DAY_0, day


def described(scan: str = "scan", instance: str = "i1", patient: str = "PA", **more: object) -> Described:
    """An image of a CT scan; `more` are fields of Described."""
    fields = {
        "modality": "CT", "kind": "image", "acquired_at": day(0), "referenced": (),
        "expected_instances": None, "vault": vault(patient, scan),
    }  # fmt: skip
    return Described(f"{scan}/{instance}", scan, patient, **{**fields, **more})


def received(what: Described | Unusable, content: str = "", receipt: str = "", association: str = "a1") -> Received:
    """A file that brought `what`; the same content and receipt unless they are named."""
    content = content or (what.instance_uid if isinstance(what, Described) else "unusable")
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return Received(receipt or f"receipt of {content}", association, "PACS", "10.0.0.1", sha256, sha256, DAY_0, what)


def vault(patient: str, scan: str) -> dict[str, str | None]:
    """The originals behind the pseudonyms."""
    return {
        "issuer": "NORTH", "mrn": f"hospital id of {patient}", "name": "Doe^Jane", "birth_date": "19500101",
        "study_instance_uid": f"1.2.3.{scan}",
    }  # fmt: skip


def moments_later(seconds: float) -> dt.datetime:
    """The moment `seconds` after files were received."""
    return DAY_0 + dt.timedelta(seconds=seconds)
