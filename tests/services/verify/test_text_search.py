import pytest

from stream.services.verify.text_search import occurring

WANTED = ["ISPY2-111881", "Doe^Jane", "Müller^Änne", "1.3.6.1.4.1.14519.5.2"]


@pytest.mark.parametrize("text", [" {} ", "{}", 'quoted "{}"', "x{}x", "Dö{}"])
@pytest.mark.parametrize("one", WANTED)
def test_a_known_text_is_found_wherever_it_stands(one: str, text: str) -> None:
    assert occurring(text.format(one), WANTED) == {one}


def test_one_that_begins_alike_is_not_the_same() -> None:
    assert occurring("ISPY2-111882 and 1.3.6.1.4.1.14519", WANTED) == set()


def test_of_two_that_begin_alike_both_are_found() -> None:
    assert occurring("ISPY2-111881", ["ISPY2-111881", "ISPY2-1118"]) == {"ISPY2-111881", "ISPY2-1118"}


@pytest.mark.parametrize(("text", "wanted"), [("", WANTED), ("Doe", WANTED), ("anything", [])])
def test_nothing_is_found_where_nothing_is(text: str, wanted: list[str]) -> None:
    assert occurring(text, wanted) == set()
