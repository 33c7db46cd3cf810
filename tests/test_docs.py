"""Whatever the repository cites is in it: documents, their sections, files and invariants; and docs say what is so."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from stream.__main__ import build_app
from stream.endpoints import KAFKA_ACCOUNTS, KAFKA_ADMIN
from stream.publisher import TOPICS
from stream.settings import ROLES, Settings
from stream.vocabulary import Completeness, ReasonCode, Status
from tests.database import Database

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("stream", "models", "dashboard", "migrations", "benchmarks", "tests", "docs")
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
HAND_WRITTEN = [page for page in PAGES if page.parent.name != "reliability"]
CITATION = re.compile(r"\b(docs/[\w/-]+\.md)(?: (\d+(?:(?:, | and |-)\d+)*))?")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PLACE = re.compile(r"`((?:stream|models|dashboard|migrations|tests|benchmarks|docs)/[\w./-]*)`")
ELSEWHERE = re.compile(
    r'\b(?:DESIGN|PROTOCOL|INTERFACES)\b(?!")|\b(?:STACK|FACTS|RESPONSE|EXAMPLES)(?:\.md| section \d| \d)'
)
"""How documents were cited that are not in the repository."""
INVARIANT = re.compile(r"\bI\d\b")


@cache
def sources() -> dict[str, str]:
    """Every text that may cite something, by its path; line breaks inside comments and sentences are blanks."""
    files = [file for folder in FOLDERS for kind in ("py", "sql", "md") for file in (ROOT / folder).rglob(f"*.{kind}")]
    files += [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "docker-compose.yml"]
    texts = {file.relative_to(ROOT).as_posix(): file.read_text() for file in files if file != Path(__file__).resolve()}
    return {name: re.sub(r"\s*\n\s*(?:# |-- )?", " ", text) for name, text in texts.items()}


def numbers(written: str) -> set[int]:
    """The sections of `2, 3 and 10` or `1-4`."""
    found: set[int] = set()
    for part in re.split(r", | and ", written):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def headings(page: Path) -> list[str]:
    return HEADING.findall(re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL))


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def table(page: str, heading: str) -> list[list[str]]:
    """Rows, cell by cell, of all tables in one section of a page, without the lines above and below a head."""
    text = (ROOT / page).read_text()
    section = next(part for part in re.split(r"^## ", text, flags=re.MULTILINE) if heading in part.split("\n")[0])
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def cited() -> Iterator[tuple[str, str, set[int]]]:
    for name, text in sources().items():
        for page, sections in CITATION.findall(text):
            yield name, page, numbers(sections) if sections else set()


def test_every_citation_leads_to_a_section_that_exists() -> None:
    citations = list(cited())
    assert len(citations) > 20
    for name, page, sections in citations:
        assert (ROOT / page).is_file(), f"{name} cites {page}"
        there = {int(number) for text in headings(ROOT / page) for number in re.findall(r"^(\d+)\. ", text)}
        assert sections <= there, f"{name} cites {page} {sorted(sections - there)}"


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_place_of_a_page_exists(page: Path) -> None:
    text = page.read_text()
    for target, mark in LINK.findall(text):
        file = page if not target else page.parent / target
        assert file.exists(), target
        if mark:
            assert mark in map(anchor, headings(file)), f"{target}#{mark}"
    missing = {place for place in PLACE.findall(text) if not (ROOT / place).exists()}
    assert not missing


def test_nothing_cites_a_document_that_is_not_here() -> None:
    found = {f"{name}: {match[0]}" for name, text in sources().items() for match in ELSEWHERE.finditer(text)}
    assert not found


def test_every_invariant_that_is_named_is_one() -> None:
    known = {id_.split()[0] for id_, *_ in table("docs/protocol.md", "Invariants")}
    for name, text in sources().items():
        assert set(INVARIANT.findall(text)) <= known, name


def test_invariants_are_called_as_the_verifier_calls_them() -> None:
    invariants = pytest.importorskip("stream.services.verify.invariants")
    rows = table("docs/protocol.md", "Invariants")[1:]
    assert {id_: name for id_, name, _ in rows} == {str(id_): name for id_, name in invariants.NAMES.items()}


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    named = {target for target, _ in LINK.findall((folder / "README.md").read_text())}
    assert named == {page.name for page in folder.glob("*.md")} - {"README.md"}


def test_the_settings_are_all_there() -> None:
    named = {name for row in table("docs/interfaces.md", "Settings")[1:] for name in spans(row[0])}
    passwords = {f"database_password_{role}" for role in ROLES}
    passwords |= {f"kafka_password_{account}" for account in (KAFKA_ADMIN, *KAFKA_ACCOUNTS)}
    others = {name for name in Settings.model_fields if name not in passwords}
    assert named == {name.upper() for name in others} | {"DATABASE_PASSWORD_<ROLE>", "KAFKA_PASSWORD_<ACCOUNT>"}


def test_the_commands_are_all_there() -> None:
    words = [span for row in table("docs/interfaces.md", "Commands")[1:] for span in spans(row[0])]
    named = {span.split()[0] for span in words if not span[0].isdigit() and not span.startswith("-")}
    assert typer.main.get_command(build_app()).commands.keys() <= named


def test_the_words_are_all_there() -> None:
    text = (ROOT / "docs" / "interfaces.md").read_text()
    assert {*Completeness, *ReasonCode, *Status} <= set(spans(text))
    topics = [name for row in table("docs/interfaces.md", "Topics") for name in spans(row[0])]
    assert topics[: len(TOPICS)] == list(TOPICS)


def test_the_columns_of_every_view_are_as_they_are_written_down(upgraded: Database) -> None:
    rows = upgraded.connect("reader").execute(
        """SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = 'scanstream' GROUP BY 1"""
    )
    views = {name: columns.split(", ") for name, columns in rows}
    said = {
        spans(name)[0]: re.sub(r"\([^)]*\)|:.*", "", what) for name, what in table("docs/interfaces.md", "Views")[1:]
    }
    assert said.keys() == views.keys()
    for name, what in said.items():
        columns = [word.strip() for word in what.split(",")]
        if columns[0] != "the same and role":
            assert columns == views[name], name
