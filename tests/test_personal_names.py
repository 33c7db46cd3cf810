"""A name is found in whatever writing a label has it; harmless words are nobody's."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stream.harmless_words import HARMLESS_WORDS
from stream.personal_names import holds_name
from stream.plain_text import plain, spaced

LATIN, HAN, HANGUL = "abcdefghijklmnopqrstuvwxyzäöüßéèñçøåłșğı", "王小东山田太郎李明華静張", "김이박철수영희민"
KANA, CYRILLIC, ARABIC = "やまだたろうカタナ", "абвгдежзийклмноп", "ابتثجحخدرسعلمن"
parts = st.one_of(
    *(st.text(letters, min_size=2, max_size=9) for letters in (LATIN, HAN, HANGUL, KANA, CYRILLIC, ARABIC))
)
SPELLINGS = {
    "as it is": lambda family, given: f"{family}^{given}",
    "family alone": lambda family, given: family,
    "given alone": lambda family, given: given,
    "turned round": lambda family, given: f"{given.upper()} {family.title()}",
    "with a comma": lambda family, given: f"{family.upper()}, {given}",
    "together": lambda family, given: given.title() + family.title(),
    "an initial": lambda family, given: f"{given[0]}. {family}",
    "umlauts written out": lambda family, given: written_out(family + " " + given),
    "accents left out": lambda family, given: plain(family + given),
}


def written_out(text: str) -> str:
    return re.sub("[äöü]", lambda found: {"ä": "ae", "ö": "oe", "ü": "ue"}[found[0]], text)


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=list(SPELLINGS))
@given(family=parts, name=parts, around=st.sampled_from(["{}", "{} S8", "left-{}_2", "target {}", "{}: T1"]))
def test_whatever_the_name_no_label_that_holds_it_shows(spelling: object, family: str, name: str, around: str) -> None:
    label = around.format(spelling(family, name))
    assert holds_name(label, [f"{family}^{name}"])
    assert holds_name(label, ["Else^Somebody", f"X^Y={family}^{name}"])


@given(family=st.text(LATIN, min_size=3, max_size=9), name=st.text(LATIN, min_size=3, max_size=9))
def test_initials_tell_the_name_however_they_are_written(family: str, name: str) -> None:
    first, last = plain(name)[0], plain(family)[0]
    assume(not {first + last, last + first} & (HARMLESS_WORDS | {"nt"}))  # NT1 is a lesion that is no target
    for label in (f"{first}{last}", f"{first}. {last}.", f"{last}.{first}. 2", f"lesion {last}{first}1".upper()):
        assert holds_name(label, [f"{family}^{name}"])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 S8"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山さん 2"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "ﾔﾏﾀﾞ"),
        ("Yamada^Tarou=山田^太郎", "たろう"),
        ("Wang^XiaoDong=王^小东", "王小东 肝"),
        ("Wang^XiaoDong", "王小东 肝"),
        ("王^小东", "Wang lesion 1"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "홍길동-1"),
        ("Ng^Li", "Ng Li node 1"),
        ("Ng^Li", "LI-2"),
        ("Müller^Jörg", "Mueller Joerg S8"),
        ("Mueller^Joerg", "Müller"),
        ("Muller^Jorg", "MÜLLER S8"),
        ("Grüßner^Zoë", "Gruessner"),
        ("Ångström^Åke", "Aangstroem"),
        ("Łukasz^Żółć", "zolc"),
        ("Doe^Jane^Ann", "DoJa 1"),
        ("Doe^Jane", "Doe's 2nd"),
        ("Doe^Jane", "d-o-e 1"),
        ("Long^Ann", "Long axis"),
        ("Mass^Anna", "mass 1"),
        ("Lungho^Li", "Lung Ho"),
        ("Иванов^Пётр", "Иванов 1"),
        ("Иванов^Пётр", "Ivanov 1"),
    ],
)
def test_a_text_that_may_tell_the_name_is_held_back(name: str, label: str) -> None:
    assert holds_name(label, [name])


@pytest.mark.parametrize("name", ["Yamada^Tarou=山田^太郎", "Ng^Li", "Doe^Jane^T", "Ode^Ron", "王^小东", "Tan^Lee^S"])
@pytest.mark.parametrize(
    "label",
    [
        *("target 1", "Left upper lobe", "NODULE-2", "lymph node", "T1", "NT2", "L1", "S8", "liver S8 12 mm", "Length"),
        *("Bidirectional 3", "Läsion links", "Rundherd", "lésion foie", "nódulo izquierdo", "adrenal gland", ""),
    ],
)
def test_harmless_words_and_numbers_are_nobodys(name: str, label: str) -> None:
    assert not holds_name(label, [name])


@pytest.mark.parametrize("label", ["the large one", "dominant", "cavity, spiculated"])
def test_another_word_is_shown_where_it_is_nothing_of_the_name(label: str) -> None:
    assert not holds_name(label, ["Yamada^Tarou=山田^太郎", "Smith^J"])
    assert not holds_name(label, [])
    assert not holds_name(label, ["", "4711"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Doe^Jane", " doe jane "),
        ("0.471199 and 471199.", " 0_471199 and 471199 "),
        ("2.25.471199", " 2 25 471199 "),
        ("born 23.05.1950", " born 23 05 1950 "),
        ("Müller_Änne", " muller anne "),
        ("a\nb", " a \n b "),
    ],
)
def test_words_stand_between_blanks(text: str, expected: str) -> None:
    assert re.sub(" +", " ", spaced(text)) == expected


def test_every_ideograph_is_a_word() -> None:
    assert spaced("患者山田太郎").split() == list("患者山田太郎")
