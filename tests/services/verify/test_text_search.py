"""Known words are found in a text wherever they stand, and nothing that is only alike."""

import pytest

from stream.services.verify.text_search import WordSearch

WANTED = [" ispy2 111881 ", " doe jane ", " müller änne ", " 1 3 6 1 4 1 14519 5 2 ", " 471199 "]


def occurring(text: str, wanted: list[str]) -> set[str]:
    return WordSearch(wanted).occurring(text)


@pytest.mark.parametrize("text", ["{}", " x{}x ", " \n{}\n ", " dö{}", "\u5c71{}\u7530"])
@pytest.mark.parametrize("one", WANTED)
def test_a_known_text_is_found_wherever_it_stands(one: str, text: str) -> None:
    assert occurring(text.format(one), WANTED) == {one}


@pytest.mark.parametrize(
    "text", [" ispy2 111882 ", " 1 3 6 1 4 1 14519 ", " 3 6 1 4 1 14519 5 2 ", " john jane ", " 1471199 "]
)
def test_one_that_begins_or_ends_alike_is_not_the_same(text: str) -> None:
    assert occurring(text, WANTED) == set()


def test_of_two_that_end_alike_both_are_found() -> None:
    assert occurring(" ispy2 111881 ", [" ispy2 111881 ", " 111881 "]) == {" ispy2 111881 ", " 111881 "}


@pytest.mark.parametrize(("text", "wanted"), [("", WANTED), (" doe ", WANTED), (" anything ", [])])
def test_nothing_is_found_where_nothing_is(text: str, wanted: list[str]) -> None:
    assert occurring(text, wanted) == set()
