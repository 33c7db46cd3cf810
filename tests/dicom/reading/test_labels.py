"""Which labels of lesions and which words for sites leave the file."""

import pytest
from pydicom import Dataset

from stream.dicom.reading.concepts import Concept
from stream.dicom.reading.labels import MAX_LABEL, Naming, safe_label, safe_site
from stream.dicom.reading.reading import unused

UID = "2.25.123456789"
HIDDEN = "lesion-456789"


def patient(name: str = "Doe^Jane", **more: object) -> Naming:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = name, "471199", "19500523"
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return Naming.of(dataset)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Yamada^Tarou", "Yamada liver S8"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 S8"),
        ("Wang^XiaoDong=王^小东", "王小东 肝"),
        ("Ng^Li", "Ng Li node 1"),
        ("Müller^Jörg", "Mueller Joerg S8"),
        ("Doe^Jane", "J.D. 1"),
        ("Doe^Jane", "4711 99"),
        ("Doe^Jane", "23 05 1950"),
        ("Doe^Jane", "x" * MAX_LABEL + " Doe"),
        ("Doe^Jane", "1.2.840.113.9.1"),
        ("Doe^Jane", ""),
    ],
)
def test_a_label_that_may_tell_the_patient_is_replaced(name: str, label: str) -> None:
    assert safe_label(label, UID, patient(name)) == HIDDEN


@pytest.mark.parametrize("name", ["Yamada^Tarou=山田^太郎=やまだ^たろう", "Ng^Li", "Müller^Jörg", ""])
@pytest.mark.parametrize("label", ["Target 1", "liver S8", "NT2", "left upper lobe", "Bidirectional", "dominant"])
def test_a_label_that_tells_nobody_is_shown(name: str, label: str) -> None:
    assert safe_label(f" {label} ", UID, patient(name)) == label


@pytest.mark.parametrize(
    "more",
    [
        {"OtherPatientNames": ["Roe^J", "Smith^Jane"]},
        {"PatientBirthName": "Smith"},
        {"PatientMotherBirthName": "Smith^Ann"},
        {"OtherPatientIDs": ["12345", "smith"]},
        {"AccessionNumber": "SMITH"},
    ],
)
def test_other_names_and_ids_are_no_less_telling(more: dict[str, object]) -> None:
    assert safe_label("Smith 1", UID, patient(**more)) == HIDDEN


def test_an_id_made_of_harmless_words_is_compared_as_a_whole() -> None:
    naming = patient(PatientID="Lesion-77")
    assert [safe_label(label, UID, naming) for label in ("lesion 1", "lesion 77")] == ["lesion 1", HIDDEN]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Müller^Hans", "MUELLER_HANS"),
        ("Müller^Hans", "CT MULLER"),
        ("Müller^Hans", "HANSMULLER2"),
        ("Ng^Tom", "TOM-PC"),
        ("Doe^Jane", "WS471199"),
        ("Doe^Jane", "23051950"),
    ],
)
def test_a_title_that_has_a_name_an_id_or_the_birth_date_tells_the_patient(name: str, title: str) -> None:
    assert patient(name).is_told_by(title)


@pytest.mark.parametrize("name", ["Clark^Tim", "Ng^Li", "Ott^Ray", "Test^Patient", ""])
@pytest.mark.parametrize("title", ["CT1", "XRAY_2", "PACS", "BOTTOM", "TEST", "LINAC3", "W471"])
def test_a_title_tells_nobody_by_initials_or_a_short_part_within_a_word(name: str, title: str) -> None:
    assert not patient(name).is_told_by(title)


@pytest.mark.parametrize(
    ("name", "site", "shown"),
    [
        ("Doe^Jane", "lesion of jane", None),
        ("Doe^Jane", "left axilla", "left axilla"),
        ("Lung^Li", "lung", "lung"),
        ("Lung^Li", "lung of li", None),
        ("Doe^Jane", None, None),
    ],
)
def test_a_site_is_kept_in_our_word_or_where_it_tells_nobody(name: str, site: str | None, shown: str | None) -> None:
    assert safe_site(site, patient(name)) == shown


def test_what_the_standard_knows_is_told_whatever_it_shares_with_a_name() -> None:
    naming = patient("Liver^000")
    liver = unused("seg", Concept("10200004", "SCT", "Liver of Jane"), "an organ", naming)
    assert (liver.code, liver.meaning) == ("SCT:10200004", "Liver")
    own = unused("seg", Concept("000", "99MAKER", "Liver 1"), "an organ", naming)
    assert (own.code, own.meaning) == ("", "")
