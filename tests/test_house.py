"""The order of the house: what a reader relies on when looking for something, kept by a test so that it stays."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import stream

ROOT = Path(stream.__file__).parents[1]
PACKAGES = ("stream", "models", "dashboard", "migrations")
LONGEST_FUNCTION, LONGEST_FILE, MOST_MODULES = 40, 260, 25
"""Lines of a function and of a file that one still takes in at a glance and in a sitting; modules in one room."""
MOST_EXEMPTIONS = 30
"""Places left as they were typed, because the formatter would destroy a table."""
SQL_ROOMS = ("stream/storage/", "stream/services/verify/", "migrations/")
PARTICIPLES = {"Told", "Heard", "Said", "Known", "Seen", "Asked", "Made", "Course", "Arena"}


def sources() -> Iterator[tuple[str, str]]:
    """Path from the repository's root and text of every module of the product."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), file.read_text()


def public_classes() -> dict[str, list[str]]:
    """Where each public class is; migrations are history and keep their own."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, text in sources():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not path.startswith("migrations/"):
                places[node.name].append(path)
    return places


def imports() -> dict[str, set[str]]:
    """Module → modules of the product that it imports, inside functions too."""
    modules = {path.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): text for path, text in sources()}
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, text in modules.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[name] |= (inner & modules.keys()) or ({node.module} & modules.keys())
            elif isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names} & modules.keys()
    return graph


def test_no_two_public_classes_share_a_name() -> None:
    assert {name: paths for name, paths in public_classes().items() if len(paths) > 1} == {}


def test_a_participle_is_no_type() -> None:
    assert not PARTICIPLES & public_classes().keys()


def test_no_module_imports_itself_through_others() -> None:
    graph = imports()
    while leaves := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in leaves}
    assert graph == {}


def test_functions_fit_in_a_glance_and_files_in_a_sitting() -> None:
    long = [
        f"{path}: {node.name}"
        for path, text in sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    long += [path for path, text in sources() if text.count("\n") > LONGEST_FILE]
    assert long == []


def test_no_room_is_crowded() -> None:
    rooms: dict[str, int] = defaultdict(int)
    for path, _ in sources():
        rooms[str(Path(path).parent)] += 1
    del rooms["migrations/versions"]  # a numbered row, not a room: only ever grows, and nobody looks for a name in it
    assert {room: modules for room, modules in rooms.items() if modules > MOST_MODULES} == {}


def test_every_module_opens_with_a_sentence_on_what_it_is_for() -> None:
    assert [path for path, text in sources() if not ast.get_docstring(ast.parse(text))] == []


def test_sql_is_where_storage_is() -> None:
    strangers = [
        path for path, text in sources() if re.search(r"\.execute(many)?\(", text) and not path.startswith(SQL_ROOMS)
    ]
    assert strangers == []


@pytest.mark.parametrize("name", ["weights.py", "identity.py", "timelines.py", "standing.py"])
def test_a_name_that_says_where_is_given_to_few_files(name: str) -> None:
    assert sum(Path(path).name == name for path, _ in sources()) <= 2


def test_the_formatter_is_trusted() -> None:
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py"), *(ROOT / path for path, _ in sources())]
    exempt = "# fmt: " + "skip"
    assert sum(file.read_text().count(exempt) for file in files) <= MOST_EXEMPTIONS
