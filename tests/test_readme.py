"""What README names exists: commands with their options, make targets, files, settings, views and columns."""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from stream.__main__ import build_app
from stream.settings import PREFIX, Settings
from tests.database import Database
from tests.programs import needs_program

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
SPANS = re.findall(r"`([^`\n]+)`", BLOCK.sub("", README))
FILES = {span for span in SPANS if re.fullmatch(r"[\w./-]+(/|\.(py|md|yml))|LICENSE|NOTICE|Dockerfile", span)}
IN_DATA_DIR = {"spool/", "archive/", "postgres/", "kafka/", "run/"}


def called(program: str) -> set[str]:
    """What follows `program` wherever README calls it, in shell blocks and in code spans."""
    lines = [line.split(" #")[0] for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    return {words.strip() for line in (*lines, *SPANS) for words in re.findall(rf"(?:^|[ (]){program} ([^)]+)", line)}


def queries() -> Iterator[str]:
    """SQL of the sql blocks, and in strings of the python blocks."""
    for kind, text in BLOCKS:
        if kind == "sql":
            yield text
        if kind == "python":
            strings = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
            yield from (one for one in strings if isinstance(one, str) and one.startswith("SELECT"))


@pytest.mark.parametrize("words", sorted(called("scanstream")))
def test_a_command_exists_with_its_options(words: str) -> None:
    command = typer.main.get_command(build_app())
    for word in shlex.split(words):
        if word.startswith("--"):
            assert word in {option for one in command.params for option in one.opts}
        elif below := getattr(command, "commands", None):
            assert word in below
            command = below[word]


@pytest.mark.parametrize("target", sorted(called("make")))
def test_a_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_files_and_links_exist() -> None:
    links = set(re.findall(r"\]\(([^)]+)\)", README))
    assert links and len(FILES) > 10
    assert not {name for name in (links | FILES) - IN_DATA_DIR if not (ROOT / name).exists()}


def test_settings_exist() -> None:
    named = {name for span in SPANS for name in re.findall(rf"{PREFIX}(\w+)", span)}
    assert len(named) > 5
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_runs_for_a_reader(upgraded: Database, query: str) -> None:
    upgraded.connect("reader").execute(query.strip().rstrip(";"))


def test_every_view_and_function_of_the_schema_is_named_and_no_other(upgraded: Database) -> None:
    named = set(re.findall(r"\bscanstream\.(\w+)", README))
    rows = upgraded.connect("reader").execute(
        """SELECT relname FROM pg_class WHERE relnamespace = 'scanstream'::regnamespace AND relkind = 'v'
        UNION SELECT proname FROM pg_proc WHERE pronamespace = 'scanstream'::regnamespace"""
    )
    assert named == {name for (name,) in rows}


def test_dcmtk_knows_the_options_given_for_storescu() -> None:
    (words,) = called("storescu")
    told = subprocess.run([needs_program("storescu"), "--help"], capture_output=True, text=True).stdout
    assert {word for word in words.split() if word[0] in "-+"} <= set(told.split())


def test_it_says_that_it_is_no_medical_device() -> None:
    assert "Research use only. ScanStream is not a medical device" in README
