"""What arrives: a file that a sender was told success for, and the instance that it describes, where it does."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from stream.vocabulary import IssuerSource


@dataclass(frozen=True)
class DescribedInstance:
    """An instance by its pseudonyms; `vault` alone holds originals (issuer, mrn, name, birth_date, sex, study uid).

    `withdraws`: pseudonyms of the instances that it takes back, `withdraws_because` why. `issuer_source`: who says
    that `patient_id` is its patient; None where it was said to be of whomever its study is of.
    """

    instance_uid: str
    scan_uid: str
    patient_id: str
    modality: str
    kind: str
    acquired_at: dt.datetime
    referenced: tuple[str, ...]
    expected_instances: int | None
    vault: Mapping[str, str | None]
    series_uid: str | None = None
    series_description: str | None = None
    expected_series: int | None = None
    expected_in_series: int | None = None
    withdraws: tuple[str, ...] = ()
    withdraws_because: str | None = None
    issuer_source: IssuerSource | None = IssuerSource.FILE


@dataclass(frozen=True)
class UnusableFile:
    """A file that was kept and cannot be placed: why, and its scan and patient where the file names them.

    `doubt`: the first item that names the same person, where who its patient is stands in doubt.
    """

    reason_code: str
    reason: str
    scan_uid: str | None = None
    patient_id: str | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class ReceivedFile:
    """A file the sender was told success for.

    `pseudonym` stands for `calling_ae` where that names a patient, as the file itself says (`names_sender`) or the
    vault knows; None: an administrator wrote the title down, and it stays.
    """

    receipt_id: str
    association_id: str
    calling_ae: str
    peer: str
    sha256: str
    content_sha256: str
    received_at: dt.datetime
    what: DescribedInstance | UnusableFile
    pseudonym: str | None = None
    names_sender: bool = False
