"""Whom a header names: the issuer of its Patient ID and who says so."""

from pathlib import Path

import pytest
from pydicom import Dataset

from stream.dicom.reading.header import read_header
from stream.settings import Settings
from stream.vocabulary import IssuerSource
from tests.dicom.factories import make_sr


def qualifiers(**values: str) -> list[Dataset]:
    """Issuer of Patient ID Qualifiers Sequence of one item."""
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return [item]


@pytest.mark.parametrize(
    ("stated", "issuer", "source"),
    [
        ({"IssuerOfPatientID": " NORTH "}, "NORTH", IssuerSource.FILE),
        ({"IssuerOfPatientIDQualifiersSequence": qualifiers(UniversalEntityID="1.2.3", UniversalEntityIDType="ISO")},
         "1.2.3&ISO", IssuerSource.FILE),
        ({"IssuerOfPatientID": "NORTH", "IssuerOfPatientIDQualifiersSequence": qualifiers(UniversalEntityID="1.2.3")},
         "NORTH", IssuerSource.FILE),
        ({"IssuerOfPatientIDQualifiersSequence": qualifiers(IdentifierTypeCode="MR")}, "SOUTH", IssuerSource.SENDER),
        ({"IssuerOfPatientIDQualifiersSequence": []}, "SOUTH", IssuerSource.SENDER),
        ({}, "SOUTH", IssuerSource.SENDER),
    ],
)  # fmt: skip
def test_the_issuer_is_that_of_the_file_else_of_its_sender(
    tmp_path: Path, stated: dict, issuer: str, source: IssuerSource
) -> None:
    settings = Settings(data_dir=tmp_path, issuer="MAIN,PACS2=SOUTH")
    who = read_header(make_sr(**stated), settings, "PACS2").patient
    assert (who.issuer, who.issuer_source) == (issuer, source)


def test_the_default_counts_for_senders_that_are_not_named(tmp_path: Path) -> None:
    who = read_header(make_sr(), Settings(data_dir=tmp_path, issuer="MAIN,PACS2=SOUTH"), "OTHER").patient
    assert (who.issuer, who.issuer_source) == ("MAIN", IssuerSource.DEFAULT)
