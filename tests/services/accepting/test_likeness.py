"""Which differences between two descriptions of a patient are of one person, and which are for somebody to look at."""

import pytest

from stream.services.accepting.likeness import PersonDescription, contradict, unlike

ANNA = PersonDescription("Müller^Anna^Maria", "1944-01-02", "F")


@pytest.mark.parametrize(
    "spelling",
    [
        "MÜLLER^ANNA^MARIA",
        "Mueller^Anna",
        "Muller^Anna",
        "Anna Müller",
        "Mu\u0308ller, Anna",
        "Müller^A",
        "Müler^Anna",
        "Müller-Alder^Anna",
        "Mull\u00e9r^Ana^^Dr",
        "Müller^",
        "",
        None,
        "=山田^太郎",
        "UNKNOWN^FEMALE 12",
        "Anonymized",
    ],
)
def test_spellings_of_one_name_are_alike(spelling: str | None) -> None:
    assert not unlike(ANNA.name, spelling)
    assert not contradict(ANNA, ANNA._replace(name=spelling, birth_date=None, sex=None))


@pytest.mark.parametrize("name", ["Birch^Bert", "Li^Bo", "Müller^Bert"])
def test_other_names_are_not(name: str) -> None:
    assert unlike(ANNA.name, name) and unlike(name, ANNA.name)


def test_short_names_differ_by_a_letter_and_long_ones_by_two() -> None:
    assert unlike("Li^Bo", "Lu^Bo") and unlike("Alder^Anna", "Alten^Anna")
    assert not unlike("OBrien^Ann", "O'Brien^Ann") and not unlike("de la Rosa^Ann", "delaRosa^Ann")


@pytest.mark.parametrize(
    ("other", "doubtful"),
    [
        (PersonDescription("Birch^Bert", "1993-11-12", "M"), True),
        (PersonDescription("Birch^Bert", "1993-11-12", None), True),
        (PersonDescription("Müller^Anna", "1993-11-12", "F"), True),
        (PersonDescription(None, "1993-11-12", None), True),
        (PersonDescription("Birch^Anna", "1944-01-02", "F"), False),
        (PersonDescription("Birch^Bert", "1944-01-02", "M"), True),
        (PersonDescription("Müller^Anna", "1944-01-02", "M"), False),
        (PersonDescription("Müller^Anna", "1944-02-01", "F"), False),
        (PersonDescription("Müller^Anna", "1944-01-20", "F"), False),
        (PersonDescription("Birch^Bea", "1944-01-20", "F"), True),
        (PersonDescription("Birch^Bea", None, "F"), True),
        (PersonDescription(None, None, "M"), True),
        (PersonDescription(None, None, "O"), False),
        (PersonDescription(None, None, None), False),
        (PersonDescription("Müller^Anna", "1900-01-01", "F"), False),
        (PersonDescription("Birch^Bea", "1900-01-01", "F"), True),
    ],
)
def test_a_doubt_needs_more_than_a_slip(other: PersonDescription, doubtful: bool) -> None:
    assert contradict(ANNA, other) == contradict(other, ANNA) == doubtful
